// Makes many short-lived objects and keeps one of three hundred.
'use strict';

class Order {
  constructor(number) {
    this.number = number;
    this.lines = [number];
  }
}
const kept = (globalThis.kept = []);
for (let number = 0; number < 300000; number++) {
  const order = new Order(number);
  if (number % 300 === 0) kept.push(order);
}
if (process.argv[2] === 'collect') gc();
process.abort();
