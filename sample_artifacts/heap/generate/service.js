// The harness of every scenario: one small HTTP service that writes a heap snapshot on SIGUSR2.
//
//   node service.js SCENARIO            kill -USR2 PID  ->  SCENARIO.1.heapsnapshot, SCENARIO.2...
//   node service.js SCENARIO --track    records allocation stacks from the start and writes
//                                       SCENARIO.tracked.heaptimeline instead (what DevTools saves
//                                       from "Allocation instrumentation on timeline")
//
// The load comes from another process (load.js), so that the heap holds the service alone.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const v8 = require('node:v8');

const [scenario, mode] = process.argv.slice(2);
const say = (line) => fs.writeSync(1, `${line}\n`);

function trackAllocations() {
  const { Session } = require('node:inspector');
  const session = new Session();
  session.connect();
  session.post('HeapProfiler.startTrackingHeapObjects', { trackAllocations: true });
  const write = (file, method) => {
    const out = fs.openSync(file, 'w');
    const chunk = ({ params }) => fs.writeSync(out, params.chunk);
    session.on('HeapProfiler.addHeapSnapshotChunk', chunk);
    session.post(method, { reportProgress: false }, () => {
      session.off('HeapProfiler.addHeapSnapshotChunk', chunk);
      fs.closeSync(out);
    });
  };
  return () => {
    const file = `${scenario}.tracked.heaptimeline`;
    // The first one is overwritten: this very function allocates while V8 writes, after it has
    // written its list of functions, and DevTools stops at a function that the list lacks.
    write(file, 'HeapProfiler.takeHeapSnapshot');
    write(file, 'HeapProfiler.stopTrackingHeapObjects');
    say(file);
  };
}

let taken = 0;
const takeSnapshot =
  mode === '--track'
    ? trackAllocations()
    : () => say(v8.writeHeapSnapshot(`${scenario}.${++taken}.heapsnapshot`));
process.on('SIGUSR2', takeSnapshot);

const service = require(`./scenarios/${scenario}.js`);
const server = http.createServer(service.handle);
if (service.upgrade) server.on('upgrade', service.upgrade);
server.listen(0, '127.0.0.1', () => say(`listening ${server.address().port}`));
