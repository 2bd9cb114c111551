// An order service that answers forty requests and then hangs in one: a core is taken there.
'use strict';

const http = require('node:http');
const hold = require('./hold.js');

class Order {
  constructor(id, customer) {
    this.id = id;
    this.customer = customer;
    this.lines = [{ sku: `SKU-${id}`, count: (id % 3) + 1 }];
    this.paid = id % 2 === 0;
  }
}

class OrderBook {
  constructor() {
    this.byId = new Map();
    this.last = null;
  }

  add(order) {
    this.byId.set(order.id, order);
    this.last = order;
    return this.byId.size;
  }
}

const book = new OrderBook();
const REQUESTS = 40;

function printInvoice(order) {
  hold(); // THE FAULT
  return `invoice ${order.id}`;
}

function answer(request, response) {
  const id = Number(request.url.slice('/order/'.length));
  const count = book.add(new Order(id, request.headers['x-customer']));
  const text = count === REQUESTS ? printInvoice(book.last) : 'ok';
  response.end(text);
}

const server = http.createServer(answer).listen(0, '127.0.0.1', function ask(id = 1) {
  const { port } = server.address();
  const headers = { 'x-customer': `customer ${id}` };
  http.get({ port, path: `/order/${id}`, headers }, (response) => {
    response.resume().on('end', () => ask(id + 1));
  });
});
