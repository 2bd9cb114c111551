// Chrome DevTools' heap snapshot worker on the command line. Times and peak memory go to standard
// output as JSON, answers to the folder OUT.
//
//   node build/oracle.mjs load FILE [OUT]
//   node build/oracle.mjs compare BEFORE AFTER [OUT]
//   node build/oracle.mjs profile FILE         (of a .cpuprofile: self times to standard output)
//   node build/oracle.mjs ask FILE OUT QUESTION,... [NODE ...]      (questions.ts lists them)
import { isMainThread, parentPort } from 'node:worker_threads';

import { compare } from './comparison.ts';
import { Output } from './output.ts';
import { selfTimes } from './profile.ts';
import { questions } from './questions.ts';
import { load, serveSecondThread } from './snapshot.ts';

const USAGE = 'usage: oracle.mjs load FILE [OUT] | compare BEFORE AFTER [OUT] | ask FILE OUT QUESTIONS [NODE ...]';

function report(times: object, snapshot: { nodeCount: number; totalSize: number }): void {
  const peak_rss_bytes = process.resourceUsage().maxRSS * 1024;
  const { nodeCount: nodes, totalSize: total_size } = snapshot;
  console.log(JSON.stringify({ ...times, peak_rss_bytes, nodes, total_size }));
}

async function main([mode, ...args]: string[]): Promise<void> {
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1e3;

  if (mode === 'load' && args.length >= 1) {
    const [file, out] = args;
    const { snapshot, ...times } = await load(file);
    snapshot.getAggregatesByClassKey(true, 'allObjects'); // the Summary view, the first thing shown
    report({ ...times, total_s: elapsed() }, snapshot);
    if (out) questions.numbers(snapshot, new Output(out), []);
  } else if (mode === 'profile' && args.length === 1) {
    console.log(JSON.stringify(selfTimes(args[0])));
  } else if (mode === 'compare' && args.length >= 2) {
    const [before, after, out] = args;
    const base = (await load(before)).snapshot;
    const current = (await load(after)).snapshot;
    const load_s = elapsed();
    compare(base, current, out ? new Output(out) : undefined);
    report({ load_s, total_s: elapsed() }, current);
  } else if (mode === 'ask' && args.length >= 3) {
    const [file, folder, asked, ...nodes] = args;
    const unknown = asked.split(',').filter((name) => !(name in questions));
    if (unknown.length) throw new Error(`no such question: ${unknown} (known: ${Object.keys(questions)})`);
    const { snapshot, ...times } = await load(file);
    const out = new Output(folder);
    for (const name of asked.split(',')) questions[name](snapshot, out, nodes.map(Number));
    report({ ...times, total_s: elapsed() }, snapshot);
  } else {
    console.error(USAGE);
    process.exitCode = 2;
  }
}

if (isMainThread) {
  await main(process.argv.slice(2));
} else {
  serveSecondThread(parentPort!);
}
