// Functions that a compiler folds into one: optimised by order (compiled.js turbofan|maglev), or
// while their loop runs (compiled.js turbofan osr).
const mode = process.argv[2];
function act(order) {
  if (order.isLast) {
    // What was compiled in no longer holds: V8 gives the code up, while it is on the stack.
    if (process.argv[3] === 'invalid') Service.prototype.mid = function other() {};
    throw new Error('it broke');
  }
  return 1;
}
function check(order) { return act(order) + 1; }
class Service {
  mid(order, k) {
    return check(order) * k + 1;
  }
  run(order) { let sum = 0; for (let j = 0; j < 3; j++) sum += this.mid(order, j); return sum; }
}
const service = new Service();
function Box(order) { this.sum = service.run(order); }
function build(order) { return new Box(order).sum; }
const numbers = [1, 2], state = { order: null };
function each(x) { return build(state.order) + x; }
function outer() { return numbers.map(each); }
const optimise = mode === 'maglev' ? (f) => %OptimizeMaglevOnNextCall(f) : (f) => %OptimizeFunctionOnNextCall(f);
%NeverOptimizeFunction(act);
for (const f of [check, Service.prototype.mid, Service.prototype.run, Box, build, each, outer]) %PrepareFunctionForOptimization(f);
const going = { v: 3, isLast: false }, last = { v: 3, isLast: true };
state.order = going;
for (let i = 0; i < 9; i++) outer();
optimise(mode === 'maglev' ? each : outer); // Maglev folds nothing into a callback of Array.map
outer();
function loop(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += check(going) + i;
    if (i >= n - 1) { state.order = last; outer(); }
  }
  return sum;
}
function rounds(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += check(i < n - 1 ? going : last);
  return sum;
}
process.argv[3] === 'osr' ? rounds(1000000) : loop(3);
