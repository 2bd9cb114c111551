// Threads of JavaScript that are held: one waits in each isolate, and one computes.
const { Worker, isMainThread, workerData } = require('worker_threads');
Error.stackTraceLimit = 100;
const cell = new Int32Array(isMainThread ? new SharedArrayBuffer(16) : workerData.buffer);
function told() {
  return new Error().stack.split('\n').slice(2).map((line) => line.trim().slice(3)).join('\n');
}
function hold(role, secret) {
  require('fs').writeSync(1, `STACK ${role}\n${told()}\nEND\n`);
  Atomics.store(cell, 3, 1);
  Atomics.wait(cell, 0, 0);
}
function mainWaits() {
  hold('main', 'token=hunter2hunter2');
}
class Task {
  constructor() { this.part = 2; }
  run(role) { [this.part].forEach((part) => hold(role, part)); }
}
function spin(cells) {
  for (let n = 1; ; n = (n * 3 + 1) % 1000) if (n === 4) cells[2]++;
}
function computes() {
  spin(cell);
}
if (isMainThread) {
  for (const role of ['worker', 'computer']) {
    const worker = new Worker(__filename, { workerData: { buffer: cell.buffer, role } });
    worker.on('online', () => Atomics.add(cell, 1, 1));
  }
  setInterval(() => {
    if (Atomics.load(cell, 2) > 1000 && Atomics.load(cell, 3)) mainWaits();
  }, 20);
} else if (workerData.role === 'worker') {
  new Task().run('worker');
} else {
  computes();
}
