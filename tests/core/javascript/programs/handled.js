// A handler of uncaught errors that aborts the process.
'use strict';

process.on('uncaughtException', function onUncaught() {
  process.abort();
});
setTimeout(function fails() {
  throw new RangeError('kept for the handler');
}, 1);
