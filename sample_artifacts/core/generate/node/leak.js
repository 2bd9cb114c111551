// Sessions that never expire. node leak.js [SESSIONS]; a core is taken when all are there.
'use strict';

const hold = require('./hold.js');

class Cart {
  constructor(number) {
    this.items = [`SKU-${number % 97}`, number];
  }
}

class Session {
  constructor(number) {
    this.token = `session-${number}`;
    this.cart = new Cart(number);
    this.visits = number % 7;
    this.score = number + 0.5;
  }
}

const sessionsByToken = new Map();

function logIn(number) {
  const session = new Session(number);
  sessionsByToken.set(session.token, session); // THE FAULT
}

function serveAll(count) {
  for (let number = 0; number < count; number++) logIn(number);
  hold();
}

serveAll(Number(process.argv[2] ?? 5000));
