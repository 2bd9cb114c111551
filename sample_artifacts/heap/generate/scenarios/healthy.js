// A shop, healthy, with real churn: sessions, watches, live feeds and uploads come and go, and
// everything that comes is bounded, unsubscribed, cleared or drained.
'use strict';
const EventEmitter = require('node:events');
const { PassThrough, Writable, pipeline } = require('node:stream');
const { readJson, answer } = require('../json.js');

const MAX_SESSIONS = 200;
const RECENT_UPLOADS = 64;
const HANDSHAKE = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: feed\r\n\r\n';

class Session {
  constructor(user) {
    this.user = user;
    this.cart = { items: [], currency: 'EUR' };
  }
}

class LruCache {
  constructor(limit) {
    this.limit = limit;
    this.entries = new Map();
  }

  set(key, value) {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size > this.limit) this.entries.delete(this.entries.keys().next().value);
  }
}

const sessions = new LruCache(MAX_SESSIONS);
const feed = new EventEmitter();
const recentUploads = new Array(RECENT_UPLOADS).fill(null);
let uploads = 0;

function login(request, response) {
  readJson(request, (body) => {
    const token = `${body.user}.${Math.random().toString(36).slice(2)}`;
    sessions.set(token, new Session(body.user));
    answer(response, { token });
  });
}

function watchOrder(request, response) {
  const watch = { url: request.url, seen: null };
  const onOrderUpdated = (order) => (watch.seen = order);
  feed.on('order:updated', onOrderUpdated);
  response.on('close', () => feed.off('order:updated', onOrderUpdated));
  answer(response, watch);
}

function upload(request, response) {
  let bytes = 0;
  const store = new Writable({
    write(chunk, encoding, done) {
      bytes += chunk.length;
      setImmediate(done); // a slow disk; pipeline holds the client back
    },
  });
  pipeline(request, new PassThrough(), store, () => {
    recentUploads[uploads++ % RECENT_UPLOADS] = { bytes, at: Date.now() };
    answer(response, { stored: bytes });
  });
}

function upgrade(request, socket) {
  socket.write(HANDSHAKE);
  const heartbeat = setInterval(() => socket.write('ping\n'), 15_000);
  socket.on('close', () => clearInterval(heartbeat));
  socket.on('end', () => socket.end());
  socket.resume();
}

function handle(request, response) {
  if (request.url === '/login') return login(request, response);
  if (request.url === '/upload') return upload(request, response);
  return watchOrder(request, response);
}

module.exports = { handle, upgrade };
