// Visitor statistics: the WeakMap is innocent, the array of its keys is not.
'use strict';
const { answer } = require('../json.js');

class Visitor {
  constructor(page) {
    this.page = page;
  }
}

class Preferences {
  constructor() {
    this.theme = { dark: false };
  }
}

class VisitorRegistry {
  constructor() {
    this.visitors = [];
    this.preferences = new WeakMap();
  }

  add(visitor) {
    // THE FAULT: every visitor is kept, so no entry of the WeakMap can die.
    this.visitors.push(visitor);
    this.preferences.set(visitor, new Preferences());
  }
}

const registry = new VisitorRegistry();

function handle(request, response) {
  registry.add(new Visitor(request.url.split('/')[2]));
  answer(response, { visitors: registry.visitors.length });
}

module.exports = { handle };
