// Calls the C++ side of Node.js in a way that it does not allow.
'use strict';

const { TCP } = process.binding('tcp_wrap');
function opens() {
  return new TCP();
}
opens();
