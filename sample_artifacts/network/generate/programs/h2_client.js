// Several requests at once on one HTTP/2 connection in clear: node h2_client.js URL PATH...
const http2 = require('node:http2');
const [url, ...paths] = process.argv.slice(2);
const session = http2.connect(url);
let open = paths.length;
for (const path of paths) {
  const request = session.request({ ':path': path, 'x-request-id': `h2-${path.slice(-1)}`, 'user-agent': 'buyer/2.1' });
  request.resume();
  request.on('close', () => { if (--open === 0) session.close(); });
}
