// An error that nobody catches; with `text`, a thrown text; with `promise`, one of a promise.
'use strict';

function third(kind) {
  if (kind === 'text') throw 'only a text';
  throw Object.assign(new RangeError('it went wrong'), { code: 'E_WRONG' });
}
function second(kind) {
  third(kind);
}
async function later() {
  await null;
  second('error');
}
if (process.argv[2] === 'promise') later();
else second(process.argv[2]);
