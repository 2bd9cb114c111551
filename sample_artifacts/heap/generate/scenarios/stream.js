// Payment service: every step of a payment goes to an audit log, shipped over HTTP to a collector.
'use strict';
const http = require('node:http');
const { Writable } = require('node:stream');
const { readJson, answer } = require('../json.js');

class AuditLog extends Writable {
  constructor(collectorPort) {
    super({ highWaterMark: 16 * 1024 });
    this.collectorPort = collectorPort;
  }

  _write(chunk, encoding, done) {
    const post = http.request(
      { host: '127.0.0.1', port: this.collectorPort, method: 'POST', path: '/audit' },
      (response) => response.resume().on('end', done)
    );
    post.end(chunk);
  }
}

// The collector is overloaded: it takes a request and does not answer.
const collector = http.createServer((request) => request.resume());
let audit;
collector.listen(0, '127.0.0.1', () => {
  audit = new AuditLog(collector.address().port);
});

function record(step, payment) {
  // THE FAULT: write() answers false when the buffer is full; nobody waits for 'drain'.
  audit.write(`${JSON.stringify({ step, at: Date.now(), payment })}\n`);
}

function handle(request, response) {
  readJson(request, (payment) => {
    record('accepted', payment);
    record('settled', payment);
    answer(response, { settled: payment.account });
  });
}

module.exports = { handle };
