// A program to debug.
const order = { number: 41, total: 9.9 };
setInterval(() => { order.number += 1; }, 50);
