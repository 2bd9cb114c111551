// A heap with one of everything that the rules of a snapshot treat specially.
//
//   node everything.js BEFORE.heapsnapshot AFTER.heapsnapshot [--track] [--expose]
//
// --track records allocation stacks with every object (DevTools' allocation instrumentation).
// --expose writes V8's own objects and the values of numbers as well.
// It runs on every Node since 12, so it keeps to the syntax of Node 12.
'use strict';
const fs = require('fs');
const inspector = require('inspector');
const vm = require('vm');
const { EventEmitter } = require('events');

const session = new inspector.Session();
session.connect();

function post(method, parameters) {
  return new Promise((resolve, reject) =>
    session.post(method, parameters, (error, result) => (error ? reject(new Error(error.message)) : resolve(result))));
}

async function snapshot(path, method, options) {
  const file = fs.openSync(path, 'w');
  const write = (message) => fs.writeSync(file, message.params.chunk);
  session.on('HeapProfiler.addHeapSnapshotChunk', write);
  await post(`HeapProfiler.${method}`, options);
  session.removeListener('HeapProfiler.addHeapSnapshotChunk', write);
  fs.closeSync(file);
}

const held = { round: [] };
globalThis.held = held;

class Point {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
}

// Two classes of one name: only their locations tell them apart.
held.twins = [class Twin { constructor() { this.left = 1; } }, class Twin { constructor() { this.right = 2; } }]
  .map((Twin) => Array.from({ length: 20 }, () => new Twin()));

function keysThatNeedCare(i) {
  return {
    ['with, comma']: i,
    ['with "quotes"']: `${i}`,
    ['{braces}']: { i },
    ['12']: 'an index',
    ['__proto__x']: null,
    ['\ud83d\ude00']: 'an emoji',
    ['\ud800']: 'half a surrogate pair',
  };
}

function fill(i) {
  const weakKey = { key: i };
  const text = `text ${i % 7} `.repeat(30);
  return {
    points: Array.from({ length: 5 }, (_, k) => new Point(i, k / 3)),
    shapes: [{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1, b: 2, c: i }, { a: i }, {}],
    odd: keysThatNeedCare(i),
    long: { ['a property name of more than one hundred and twenty characters '.repeat(3) + (i % 3)]: i, second: 2 },
    wide: Object.assign({}, ...Array.from({ length: 60 }, (_, k) => ({ [`property${k}`]: k }))),
    rope: text + i + ('<' + text) + text,
    slice: text.slice(3, 120),
    flat: JSON.parse(JSON.stringify('the same text again and again')),
    weak: [new WeakMap([[weakKey, { value: i }]]), weakKey, new WeakSet([weakKey])],
    map: new Map([[{ i }, new Set([i, `${i}`, Symbol(`s${i}`)])]]),
    bytes: [Buffer.alloc(100 + i), new Uint8Array(64), new Float64Array(9), new DataView(new ArrayBuffer(16))],
    numbers: [i + 0.5, BigInt(i) ** 20n, -0, NaN, i * 1e300],
    holes: [, i, , i + 1],
    when: new Date(i),
    pattern: new RegExp(`^${i}$`, 'gi'),
    failure: new RangeError(`failure ${i}`),
    pending: new Promise(() => {}).then(() => i),
    generator: (function* () { yield i; })(),
    bound: Math.max.bind(null, i),
    proxy: new Proxy({ i }, { get: () => i }),
    closure: () => text.length + i,
    bare: Object.create(null, { hidden: { value: i }, shown: { get() { return i; }, enumerable: true } }),
    self() { return this; },
  };
}

held.emitter = new EventEmitter();
held.emitter.setMaxListeners(0);
held.realm = vm.createContext({ console });
held.realmObjects = vm.runInContext('Array.from({length: 30}, (_, i) => ({i, list: [i], make() { return i; }}))', held.realm);
held.timers = Array.from({ length: 5 }, (_, i) => setTimeout(() => held.round.push(i), 1e6).unref());
held.cycle = { name: 'cycle' };
held.cycle.again = { back: held.cycle };
for (let i = 0, head = null; i < 3000; i++) held.chain = head = { next: head };

function grow(from, to) {
  for (let i = from; i < to; i++) {
    held.round.push(fill(i));
    held.emitter.on(`event ${i % 3}`, () => i);
  }
}

async function main([before, after, ...flags]) {
  const track = flags.includes('--track');
  const expose = flags.includes('--expose');
  const options = { reportProgress: false, exposeInternals: expose, captureNumericValue: expose };
  if (track) await post('HeapProfiler.startTrackingHeapObjects', { trackAllocations: true });
  for (let i = 0; i < 60; i += 20) {
    grow(i, i + 20);
    await new Promise((resolve) => setTimeout(resolve, track ? 120 : 0)); // a sample every 50 ms
  }
  await snapshot(before, 'takeHeapSnapshot', options);
  held.round.splice(0, 15);
  grow(60, 100);
  await snapshot(after, track ? 'stopTrackingHeapObjects' : 'takeHeapSnapshot', options);
  process.exit(0);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
