// Order service: clients watch an order until it changes.
'use strict';
const EventEmitter = require('node:events');
const { readJson, answer } = require('../json.js');

class OrderFeed extends EventEmitter {}

class Watch {
  constructor(orderId) {
    this.orderId = orderId;
    this.since = Date.now();
    this.seen = { status: 'open', version: 0 };
  }
}

const feed = new OrderFeed();
feed.setMaxListeners(0); // silences the warning that would have told of the leak

function subscribe(watch) {
  // THE FAULT: no feed.off('order:updated', onOrderUpdated) when the client goes away.
  feed.on('order:updated', function onOrderUpdated(order) {
    if (order.id === watch.orderId) watch.seen = { status: order.status, version: order.version };
  });
}

function handle(request, response) {
  const id = request.url.split('/')[2];
  if (request.method === 'POST') {
    readJson(request, (body) => {
      feed.emit('order:updated', { id, status: body.status, version: 1 });
      answer(response, { updated: id });
    });
    return;
  }
  const watch = new Watch(id);
  subscribe(watch);
  answer(response, watch.seen);
}

module.exports = { handle };
