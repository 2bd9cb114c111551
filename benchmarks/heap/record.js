// Record heap snapshots of a program whose heap holds every kind of object that services hold.
//
//   node --max-old-space-size=8192 record.js MEGABYTES BEFORE.heapsnapshot [AFTER.heapsnapshot]
//
// One `Region` of the little shop below takes about 1 MB of snapshot file; regions are built until
// the file will be about MEGABYTES large. With AFTER, a second snapshot of the same process is
// taken after a tenth of the regions is closed and as many and a half are opened: real churn and
// real growth. All content comes from a seeded generator, so that two runs differ only in what V8
// itself does differently.
'use strict';
const v8 = require('node:v8');
const { EventEmitter } = require('node:events');

/** A small seeded generator (a linear congruence modulo 2**32); `next(n)` is an integer below n. */
function seeded(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const WORDS = 'amber basalt cedar delta ember fjord grove harbor island jetty kelp lagoon'.split(' ');
const secrets = new WeakMap();

class Customer {
  #visits = 0;
  constructor(id, next) {
    this.id = `customer-${id}`;
    this.name = `${WORDS[next(12)]} ${WORDS[next(12)]} ${next(1e6)}`;
    this.since = new Date(1.6e12 + next(1e9));
    this.tags = new Set([WORDS[next(12)], WORDS[next(12)], next(1000)]);
    this.balance = next(1e6) / 7;
    this.orders = [];
    secrets.set(this, { token: `${next(1e9)}-${next(1e9)}` });
  }
  visit() {
    this.#visits += 1;
    return this.#visits;
  }
}

class Order {
  constructor(customer, next) {
    this.customer = customer;
    this.lines = Array.from({ length: 1 + next(5) }, (_, i) => ({
      sku: `sku-${next(5000)}`,
      quantity: 1 + next(9),
      price: next(1e5) / 100,
      note: i === 0 ? { text: `note ${next(1e7)}`, read: false } : undefined,
    }));
    this.state = WORDS[next(12)];
    this.total = () => this.lines.reduce((sum, line) => sum + line.quantity * line.price, 0);
  }
}

class ExpressOrder extends Order {
  constructor(customer, next) {
    super(customer, next);
    this.courier = Symbol(`courier ${next(50)}`);
    this.weight = BigInt(next(1e9)) ** 3n;
  }
}

/** Shelves of stock: a binary tree, deep where the keys happen to come sorted. */
class Shelf {
  constructor(key) {
    this.key = key;
    this.left = null;
    this.right = null;
    this.stock = new Uint16Array(4);
  }
  static insert(root, key) {
    let shelf = root;
    for (;;) {
      const side = key < shelf.key ? 'left' : 'right';
      if (!shelf[side]) return (shelf[side] = new Shelf(key));
      shelf = shelf[side];
    }
  }
}

class Region extends EventEmitter {
  static audit = null;

  constructor(number) {
    super();
    this.setMaxListeners(0);
    const next = seeded(number + 1);
    this.number = number;
    this.customers = new Map();
    this.prices = Object.create(null);
    this.journal = '';
    this.shelves = new Shelf(0);
    this.pending = [];
    this.pages = [];
    this.patterns = [new RegExp(`^${WORDS[next(12)]}-${number}$`, 'giu')];
    this.samples = new Float64Array(64 + next(512));

    for (let i = 0; i < 220; i++) {
      const customer = new Customer(`${number}-${i}`, next);
      this.customers.set(customer.id, customer);
      for (let k = next(6); k > 0; k--) {
        const Kind = next(4) === 0 ? ExpressOrder : Order;
        customer.orders.push(new Kind(customer, next));
      }
      if (i % 4 === 0) this.on('price', (sku) => customer.tags.add(sku));
      if (i % 5 === 0) this.pending.push(this.settle(customer));
      this.journal += `${customer.id} joined;`; // a cons string as deep as the region is old
      Region.audit = { previous: Region.audit, at: i, who: customer.id }; // one chain, ever deeper
      Shelf.insert(this.shelves, next(3) === 0 ? i : next(1e6));
    }
    for (let i = 0; i < 200; i++) this.prices[`sku-${number}-${next(1e6)}`] = next(1e6) / 3;
    for (let i = 0; i < 10; i++) {
      const page = `<html><p>${WORDS.join(' ').repeat(3)} ${number} ${i}</p></html>`;
      this.pages.push({ body: page, excerpt: page.slice(9, 60), raw: Buffer.from(page) });
    }
    this.codes = Array.from({ length: 300 }, () => next(2 ** 31) * 1.5);
    this.words = JSON.parse(JSON.stringify(WORDS.map((word) => `${word} ${number % 40}`))); // same text, many copies
    this.walk = this.walkOrders();
    this.walk.next();
    this.failure = new Error(`region ${number} was closed`);
  }

  settle(customer) {
    let release;
    const arrived = new Promise((resolve) => (release = resolve));
    const bill = arrived.then(() => customer.visit());
    return { arrived, bill, release };
  }

  *walkOrders() {
    for (const customer of this.customers.values()) yield customer.orders.length;
  }
}

async function main() {
  const [megabytes, before, after] = process.argv.slice(2);
  const regions = new Map();
  const perRegion = 1.2; // MB of snapshot file, measured
  const wanted = Math.max(1, Math.round((Number(megabytes) - 4) / perRegion));
  let number = 0;
  const open = () => regions.set(number, new Region(number++));

  while (regions.size < wanted) open();
  globalThis.shop = { regions, everyone: [...regions.values()].flatMap((r) => [...r.customers.values()]) };
  v8.writeHeapSnapshot(before);

  if (after) {
    const closing = Math.ceil(wanted / 10);
    for (const key of [...regions.keys()].slice(0, closing)) regions.delete(key);
    globalThis.shop.everyone = [...regions.values()].flatMap((r) => [...r.customers.values()]);
    for (let i = 0; i < Math.ceil(closing * 1.5); i++) open();
    v8.writeHeapSnapshot(after);
  }
}

main();
