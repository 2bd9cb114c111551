// Session service: every login makes a session, looked up by its token.
'use strict';
const { readJson, answer } = require('../json.js');

class Session {
  constructor(user) {
    this.user = user;
    this.roles = ['customer'];
    this.cart = { items: [], currency: 'EUR' };
    this.createdAt = Date.now();
  }
}

class SessionStore {
  constructor() {
    this.sessionsByToken = new Map();
  }

  open(user) {
    const token = `${user}.${Math.random().toString(36).slice(2)}`;
    // THE FAULT: no limit, no expiry; a session stays for the life of the process.
    this.sessionsByToken.set(token, new Session(user));
    return token;
  }
}

const store = new SessionStore();

function handle(request, response) {
  if (request.method === 'GET') return answer(response, { status: 'ok' });
  readJson(request, (body) => answer(response, { token: store.open(body.user) }));
}

module.exports = { handle };
