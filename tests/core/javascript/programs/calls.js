// A call of every kind, down to an error that nobody catches.
const vm = require('vm');
class Order {
  constructor(id) { this.id = id; if (id > 100) this.price(id); }
  price(id) { return Order.check(this, id); }
  get total() { return fail(this.id, 'hunter2', { v: 3 }); }
  static check(o, n) { return [1].map((x) => o.total + x); }
}
function fail(id, password, box) {
    throw new Error('it broke');
}
const anonymous = [function (x) { return   new Order(x); }];
function evaluated(x) { return eval('var é = 1; \n  anonymous[0](x)'); }
globalThis.evaluated = evaluated;
async function work(x) { return new vm.Script('evaluated(' + x + ')', { filename: 'made.js' }).runInThisContext(); }
function sorter(x) { return [3, 1].sort((a, b) => work(x)); }
const service = { handle(x) { return JSON.parse('{"a":1}', function reviver(k, v) { return sorter(x); }); } };
function main() { service.handle(101); }
setTimeout(main, 1);
