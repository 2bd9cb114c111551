// Profile service, healthy: what is known of a user hangs on the user in a WeakMap and dies with it.
'use strict';
const { answer } = require('../json.js');

const MAX_USERS = 200;

class User {
  constructor(name) {
    this.name = name;
  }
}

class Permissions {
  constructor(user) {
    this.rules = [{ resource: `profile:${user.name}`, allow: true }];
  }
}

const users = new Map(); // least recently used first, never more than MAX_USERS
const permissions = new WeakMap();
const timings = new WeakMap();

function userOf(name) {
  const user = users.get(name) ?? new User(name);
  users.delete(name);
  users.set(name, user);
  if (users.size > MAX_USERS) users.delete(users.keys().next().value);
  return user;
}

function handle(request, response) {
  timings.set(request, { startedAt: process.hrtime.bigint() });
  const user = userOf(request.url.split('/')[2]);
  if (!permissions.has(user)) permissions.set(user, new Permissions(user));
  answer(response, { name: user.name, allowed: permissions.get(user).rules.length });
}

module.exports = { handle };
