// Orders over HTTP: GET /order/N answers the order N as JSON.
//
//   node orders.js SCENARIO      healthy, json, regex, leak; SIGTERM ends it, and a profiler writes then
'use strict';
const fs = require('node:fs');
const http = require('node:http');

const scenario = process.argv[2];
const PRODUCTS = 4000;
const LINES = 200;
const STEPS = [
  [100, 12],
  [20, 7],
  [5, 3],
];

const catalogue = Array.from({ length: PRODUCTS }, (_, k) => ({
  sku: `SKU-${String(k * 7).padStart(6, '0')}`,
  name: `product number ${k} of the winter catalogue`,
  cents: 100 + ((k * 7919) % 50000),
  weight: 1 + (k % 40),
}));

/** Find a product by its number: binary search, as the list is sorted. */
function lookUp(products, sku) {
  let low = 0;
  let high = products.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (products[middle].sku < sku) low = middle + 1;
    else high = middle;
  }
  return products[low];
}

function skuOf(place) {
  return `SKU-${String(place * 7).padStart(6, '0')}`;
}

function linesOf(number, products) {
  const lines = [];
  for (let k = 0; k < LINES; ++k) {
    const product = lookUp(products, skuOf(((number + k * 31) * 17) % PRODUCTS));
    lines.push({ product, quantity: 1 + ((number + k) % 120) });
  }
  return lines;
}

function discount(quantity) {
  for (const [from, percent] of STEPS) if (quantity >= from) return percent;
  return 0;
}

function price(lines) {
  let cents = 0;
  for (const { product, quantity } of lines) {
    cents += Math.round((product.cents * quantity * (100 - discount(quantity))) / 100);
  }
  return cents;
}

/** Fill parcels of 30 kg, the heaviest line first. */
function pack(lines) {
  const parcels = [];
  const sorted = [...lines].sort((a, b) => b.product.weight * b.quantity - a.product.weight * a.quantity);
  for (const { product, quantity } of sorted) {
    const weight = Math.min(30, product.weight * quantity);
    const place = parcels.findIndex((parcel) => parcel + weight <= 30);
    if (place < 0) parcels.push(weight);
    else parcels[place] += weight;
  }
  return parcels;
}

function title(name) {
  return name
    .split(' ')
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join(' ');
}

function checksum(text) {
  let hash = 0x811c9dc5;
  for (let k = 0; k < text.length && k < 2000; ++k) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193);
  return (hash >>> 0).toString(16);
}

function serialise(number, lines, total, parcels) {
  return JSON.stringify({
    number,
    total,
    parcels,
    lines: lines.map(({ product, quantity }) => ({ sku: product.sku, name: title(product.name), quantity })),
  });
}

const log = [];
function writeLog(number, body) {
  log.push(`${new Date(1.7e12 + number * 1000).toISOString()} order ${number} ${checksum(body)}`);
  if (log.length === 100) log.length = 0;
}

// THE FAULT of `json`: a copy of the whole catalogue for every order, "so that nobody changes it".
function copyCatalogue() {
  return JSON.parse(JSON.stringify(catalogue));
}

// THE FAULT of `regex`: a word may end anywhere, so a text that fails is tried in every way to part it.
function hasOnlyWords(note) {
  return /^(\w+\s?)*$/.test(note);
}

// THE FAULT of `leak`: what every order went through is kept without end.
const sessions = new Map();
function remember(number) {
  const steps = new Array(100);
  for (let k = 0; k < steps.length; ++k) steps[k] = { order: number, at: k };
  sessions.set(number, steps);
}

function order(number) {
  if (scenario === 'leak') remember(number);
  const products = scenario === 'json' ? copyCatalogue() : catalogue;
  const note = `delivernotbeforet${number % 10}!`;
  const valid = scenario === 'regex' ? hasOnlyWords(note) : note.length < 100;
  const lines = linesOf(number, products);
  const body = serialise(number, lines, price(lines), pack(lines));
  writeLog(number, `${body}${valid}`);
  return body;
}

function handle(request, response) {
  const [, number] = /^\/order\/(\d{1,9})$/.exec(request.url) ?? [];
  if (number === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('content-type', 'application/json');
  response.end(order(Number(number)));
}

const server = http.createServer(handle);
server.listen(0, '127.0.0.1', () => fs.writeSync(1, `listening ${server.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
