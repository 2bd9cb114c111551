// Two isolates in one process, each with objects of its own.
'use strict';

const { Worker, isMainThread, parentPort } = require('worker_threads');

class Task {
  constructor(number) {
    this.number = number;
  }
}
const count = isMainThread ? 100 : 50;
globalThis.tasks = Array.from({ length: count }, (_, number) => new Task(number));
if (isMainThread) {
  new Worker(__filename).on('message', function stop() {
    process.abort();
  });
} else {
  parentPort.postMessage('ready');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
