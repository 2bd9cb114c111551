// What the services share: a JSON body in, a JSON answer out.
'use strict';

function readJson(request, done) {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => done(text ? JSON.parse(text) : {}));
}

function answer(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

module.exports = { readJson, answer };
