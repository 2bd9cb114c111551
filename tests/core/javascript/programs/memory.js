// Keeps everything until the heap is full.
'use strict';

class Leak {
  constructor(number) {
    this.number = number;
    this.list = new Array(50).fill(number);
  }
}
const kept = [];
for (let number = 0; ; number++) kept.push(new Leak(number));
