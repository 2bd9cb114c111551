// The users of the services: node load.js PORT SCENARIO FIRST LAST sends the requests FIRST..LAST-1.
'use strict';
const http = require('node:http');

const [port, scenario, first, last] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

function send(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-type': 'application/json' } : {};
    const request = http.request(
      { host: '127.0.0.1', port, agent, method, path, headers },
      (response) => response.resume().on('end', resolve)
    );
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

/** A client of the live feed: it connects, listens for a moment and hangs up. */
function subscribe(path) {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'feed' };
    const request = http.request({ host: '127.0.0.1', port, path, headers });
    request.on('error', reject);
    request.on('upgrade', (response, socket) => {
      socket.on('close', resolve);
      socket.end();
    });
    request.end();
  });
}

const users = {
  listeners: async (i) => {
    await send('GET', `/orders/${i}/watch`);
    if (i % 10 === 0) await send('POST', `/orders/${i}`, { status: 'shipped' });
  },
  cache: async (i) => {
    await send('POST', '/login', { user: `user-${i % 150}` });
    await send('GET', '/health');
  },
  closures: (i) => send('POST', `/stock/sku-${i % 40}/reserve`, { order: i, quantity: (i % 4) + 1 }),
  timers: (i) => subscribe(`/feed/${i % 25}`),
  stream: (i) => send('POST', '/payments', { account: `acc-${i % 90}`, cents: 100 + i }),
  globals: (i) => send('GET', `/search?q=product-${i}&page=${i % 3}`),
  promises: (i) => send('POST', '/checkout', { order: i, email: `user-${i}@example.com` }),
  weakmap: (i) => send('GET', `/profile/user-${i}`),
  weakmap_keys: (i) => send('GET', `/visit/page-${i % 30}`),
  warmup: (i) => send('GET', `/products/${i % 500}?lang=${['en', 'de', 'ja'][i % 3]}`),
  healthy: async (i) => {
    await send('POST', '/login', { user: `user-${i}` });
    await send('GET', `/orders/${i}/watch`);
    await send('POST', '/upload', { name: `photo-${i}.jpg`, bytes: 'x'.repeat(2000) });
    if (i % 20 === 0) await subscribe(`/feed/${i}`);
  },
};

async function worker(next) {
  for (let i = next(); i < Number(last); i = next()) await users[scenario](i);
}

async function main() {
  let upcoming = Number(first);
  const next = () => upcoming++;
  await Promise.all(Array.from({ length: 8 }, () => worker(next)));
  agent.destroy();
}

main();
