// Load a heap snapshot exactly as DevTools does: its loader fed with chunks of text, and its second
// thread for the dominators.
import * as fs from 'node:fs';
import { MessageChannel, Worker } from 'node:worker_threads';

import { HeapSnapshotLoader } from 'chrome-devtools-frontend/front_end/entrypoints/heap_snapshot_worker/HeapSnapshotLoader.ts';
import { SecondaryInitManager } from 'chrome-devtools-frontend/front_end/entrypoints/heap_snapshot_worker/HeapSnapshot.ts';

// DevTools keeps half of what we compare private to TypeScript; at run time it is there.
export type Snapshot = any;

export interface Loaded {
  snapshot: Snapshot;
  parse_s: number;
  initialize_s: number;
}

const CHUNK_BYTES = 10 * 2 ** 20;
const SECOND_THREAD_HEAP_MB = 8000;

/** Read and initialize one snapshot, and tell how long the two steps took. */
export async function load(path: string): Promise<Loaded> {
  const start = performance.now();
  const loader = new HeapSnapshotLoader({ sendEvent() {} } as any);
  const file = fs.openSync(path, 'r');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const decoder = new TextDecoder();
  for (let n = fs.readSync(file, chunk); n > 0; n = fs.readSync(file, chunk)) {
    loader.write(decoder.decode(chunk.subarray(0, n), { stream: true }));
    await new Promise((resolve) => setImmediate(resolve)); // the parser runs between two chunks
  }
  fs.closeSync(file);
  loader.close();
  await loader.parsingComplete;
  const parsed = performance.now();

  const { port1, port2 } = new MessageChannel();
  const second = new Worker(new URL(import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: SECOND_THREAD_HEAP_MB },
  });
  second.postMessage(port2, [port2]);
  const snapshot = await loader.buildSnapshot(port1 as any);
  await second.terminate();
  return {
    snapshot,
    parse_s: (parsed - start) / 1e3,
    initialize_s: (performance.now() - parsed) / 1e3,
  };
}

/** What the second thread does: wait for the port, then answer on it. */
export function serveSecondThread(parent: { once(event: 'message', listener: (port: any) => void): void }): void {
  parent.once('message', (port) => new SecondaryInitManager(port));
}
