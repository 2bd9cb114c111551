// Live feed over upgraded connections: a heartbeat every 15 seconds to each subscriber.
'use strict';
const { answer } = require('../json.js');

const HEARTBEAT_MS = 15_000;
const HANDSHAKE = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: feed\r\n\r\n';

class Subscription {
  constructor(channel, socket) {
    this.channel = channel;
    this.socket = socket;
    this.missed = 0;
  }

  ping() {
    if (this.socket.writable) this.socket.write('ping\n');
    else this.missed += 1;
  }
}

function startHeartbeat(subscription) {
  // THE FAULT: the interval is never cleared, so it outlives the connection.
  setInterval(function heartbeat() {
    subscription.ping();
  }, HEARTBEAT_MS);
}

function upgrade(request, socket) {
  socket.write(HANDSHAKE);
  startHeartbeat(new Subscription(request.url.split('/')[2], socket));
  socket.on('end', () => socket.end());
  socket.resume();
}

const handle = (request, response) => answer(response, { status: 'ok' });

module.exports = { handle, upgrade };
