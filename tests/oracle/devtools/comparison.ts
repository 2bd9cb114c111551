// The Comparison view: the base classified with the current snapshot's interfaces, then a merge by id.
import type { Output } from './output.ts';
import type { Snapshot } from './snapshot.ts';

export function compare(before: Snapshot, after: Snapshot, out?: Output): void {
  const base = before.aggregatesForDiff(after.interfaceDefinitions());
  const diffs = after.calculateSnapshotDiff(1, base);
  out?.json('comparison', diffs);
}
