// Checkout service: the receipt is mailed in the background, once the mail server is connected.
'use strict';
const { readJson, answer } = require('../json.js');

class Order {
  constructor(id, email) {
    this.id = id;
    this.email = email;
    this.lines = [{ sku: `sku-${id}`, quantity: 1 }];
  }
}

class Mailer {
  constructor() {
    // The mail server was moved; nobody calls onConnect any more.
    this.connected = new Promise((resolve) => (this.onConnect = resolve));
  }

  async send(order) {
    return `to ${order.email}`;
  }
}

const mailer = new Mailer();

async function sendReceipt(order) {
  // THE FAULT: no time limit on the wait; each pending call keeps its order.
  await mailer.connected;
  return mailer.send(order);
}

function handle(request, response) {
  readJson(request, (body) => {
    sendReceipt(new Order(body.order, body.email));
    answer(response, { accepted: body.order });
  });
}

module.exports = { handle };
