// Objects of every kind in known numbers; prints what they are, then dies.
'use strict';

class Order {
  constructor(number) {
    this.number = number;
    this.customer = `customer ${number % 97}`;
    this.total = number * 1.5;
    this.lines = [number, number + 1];
    this.open = number % 2 === 0;
  }
}
class Rush extends Order {}
class Session {
  constructor(number) {
    this.token = `tok-${number}`;
    this.data = { user: `user ${number}` };
  }
}
class Wide {
  constructor() {
    for (let index = 0; index < 40; index++) this[`field${index}`] = index;
  }
}

const orders = [];
for (let number = 0; number < 5000; number++) orders.push(new Order(number));
const rushes = [];
for (let number = 0; number < 17; number++) rushes.push(new Rush(number));
const sessions = new Map();
for (let number = 0; number < 300; number++) sessions.set(`s${number}`, new Session(number));

const table = {};
for (let index = 0; index < 500; index++) table[`key${index}`] = index;
delete table.key5;
const sparse = [];
sparse[100000] = 'far';
sparse[5] = 'near';
const removed = new Map([[1, 'a'], [2, 'b'], [3, 'c']]);
removed.delete(2);
const failure = new TypeError('it is broken', { cause: 'a test' });
failure.code = 'E_BROKEN';
const text = `${'a'.repeat(100)}é\u{1F600}`;

function outer(first) {
  const captured = { deep: first };
  let count = 42;
  return function inner(second) {
    return [captured, count, second];
  };
}
const closure = outer('yes');
const many = new Function(
  Array.from({ length: 90 }, (_, index) => `let v${index} = ${index};`).join('') +
    `return () => [${Array.from({ length: 90 }, (_, index) => `v${index}`).join()}];`,
)();

class Counter {
  #count = 3;
  static twice(counter) {
    return 2 * counter.#count;
  }
}
const crowded = {};
for (let index = 0; index < 30000; index++) crowded[`entry ${index}`] = index;
const web = Array.from({ length: 40 }, () => []);
for (const knot of web) knot.push(...web);
class Till {
  constructor() {
    this.pair = this.twice();
  }
  twice() {
    return [0, 1].map(() => new TypeError('one of two'));
  }
}
// Twins: the stack of one is read, which writes it out; that of the other is as V8 recorded it.
const [read, unread] = new Till().pair;
class Shelf {
  constructor(things) {
    Object.assign(this, things);
  }
}
// What JSON can carry: the test compares every one of these with its JSON.
const told = {
  order: orders[7],
  wide: new Wide(),
  table,
  nested: { a: { b: { c: [1, [2, [3, {}]]] } }, empty: {}, none: null },
  numbers: [0, -1, 1.5, -0.25, 2 ** 31, 2 ** 40, -(2 ** 31), 1e300],
  doubles: [1.5, 2.5, , 4.25],
  holes: [1, , 'three'],
  mixed: [true, false, null, 'text', 12, { deep: [] }],
  indexed: { 3: 'three', 1: 'one', name: 'both' },
  flat: 'plain ascii',
  wideText: text,
  joined: `${'x'.repeat(20)}${process.pid}${'y'.repeat(20)}`,
  sliced: text.slice(10, 60),
  escaped: 'a"b\\c\n\u2028',
  date: new Date(86400123),
  boxed: [new Number(5), new String('boxed'), new Boolean(true)],
  bare: Object.assign(Object.create(null), { lonely: 1 }),
};
const shelf = new Shelf({
  told,
  sessions,
  removed,
  set: new Set([1, 'two', 3.5]),
  emptyMap: new Map(),
  objectKeys: new Map([[orders[1], 'first']]),
  weak: new WeakMap([[orders[2], 'kept']]),
  sparse,
  failure,
  pattern: /ab+c/gi,
  big: 123456789012345678901234567890n,
  negative: -5n,
  symbol: Symbol('thing'),
  odd: [NaN, -0, Infinity, undefined],
  closure,
  many,
  bound: closure.bind(null, 1),
  promise: Promise.resolve(7),
  refused: Promise.reject(orders[3]),
  proxy: new Proxy({ inside: 1 }, {}),
  accessor: { get computed() { return 1; }, plain: 2 },
  weakRef: new WeakRef(orders[4]),
  bytes: new Uint8Array([1, 2, 255]),
  floats: new Float64Array([1.5, -2.5]),
  bigs: new BigInt64Array([-1n, 5n]),
  clamped: new Uint8ClampedArray([300, 7]),
  large: new Uint32Array(5000).fill(7),
  buffer: Buffer.from('hello'),
  view: new DataView(new ArrayBuffer(8)),
  memory: new ArrayBuffer(16),
  counter: new Counter(),
  crowded,
  web,
  unread,
  config: { password: 'hunter2-hunter2', url: 'postgres://app:hunter22@db/orders', port: 5432 },
});
shelf.refused.catch(() => {});
globalThis.kept = { shelf, orders, rushes };

const report = {
  json: Object.fromEntries(Object.entries(told).map(([name, value]) => [name, JSON.stringify(value)])),
  counts: { Order: 5000, Rush: 17, Session: 300, Wide: 1, Shelf: 1 },
  stack: failure.stack,
  twin: read.stack,
};
require('fs').writeSync(1, `REPORT ${JSON.stringify(report)}\n`);
process.abort();
