// What can be asked of one loaded snapshot. Every answer is DevTools' own; nodes are named by their
// ordinal in the file.
import type { Output } from './output.ts';
import type { Snapshot } from './snapshot.ts';

import { HeapSnapshotModel } from 'chrome-devtools-frontend/front_end/models/heap_snapshot/heap_snapshot.js';

type Question = (snapshot: Snapshot, out: Output, nodes: number[]) => void;

const NAMED_FILTERS = [
  'objectsRetainedByContexts',
  'objectsRetainedByDetachedDomNodes',
  'objectsRetainedByConsole',
  'objectsRetainedByEventHandlers',
  'duplicatedStrings',
  'sharedNativeContext',
  'noNativeContext',
];

/** The class rows of the Summary view, without the lists of their nodes. */
function classRows(aggregates: Record<string, any>): object {
  const rows: Record<string, object> = {};
  for (const key in aggregates) {
    const { name, count, self, maxRet, distance } = aggregates[key];
    rows[key] = { name, count, self, maxRet, distance };
  }
  return rows;
}

/** A list of edges as a view shows it: sorted by `comparator`, each with the node at its other end. */
function edgeRows(snapshot: Snapshot, provider: any, comparator: any): object[] {
  provider.sortAndRewind(comparator);
  return provider.serializeItemsRange(0, Infinity).items.map(({ name, type, node }: any) => ({
    name,
    type,
    node: node.nodeIndex / snapshot.nodeFieldCount,
    distance: node.distance,
  }));
}

function answerEach(nodes: number[], answer: (ordinal: number) => unknown): object {
  return Object.fromEntries(nodes.map((ordinal) => [ordinal, answer(ordinal)]));
}

/** Everything that a load computes for each node and each class. */
const numbers: Question = (snapshot, out) => {
  const { nodes, nodeCount, nodeFieldCount, nodeSelfSizeOffset } = snapshot;
  const selfSizes = new Uint32Array(nodeCount);
  const detachedness = new Uint8Array(nodeCount);
  const node = snapshot.createNode(0);
  for (let ordinal = 0; ordinal < nodeCount; ++ordinal) {
    node.nodeIndex = ordinal * nodeFieldCount;
    selfSizes[ordinal] = nodes.getValue(node.nodeIndex + nodeSelfSizeOffset);
    detachedness[ordinal] = node.detachedness();
  }
  out.array('self_size.u32', selfSizes);
  out.array('detachedness.u8', detachedness);
  out.array('retained_size.f64', snapshot.retainedSizes);
  out.array('distance.i32', snapshot.nodeDistances);
  out.array('dominator.u32', snapshot.dominatorsTree);
  out.strings('class_name', nodeCount, (ordinal) => {
    node.nodeIndex = ordinal * nodeFieldCount;
    return node.className();
  });
  out.json('aggregates', classRows(snapshot.getAggregatesByClassKey(true, 'allObjects')));
  out.json('statistics', snapshot.getStatistics());
  out.json('interfaces', JSON.parse(snapshot.interfaceDefinitions()));
  out.json('static', snapshot.updateStaticData());
};

/** The names shown in the views: previews of plain objects and of cons strings, "Detached ...". */
const names: Question = (snapshot, out) => {
  const node = snapshot.createNode(0);
  for (const kind of ['name', 'rawName'] as const) {
    out.strings(kind === 'name' ? 'name' : 'raw_name', snapshot.nodeCount, (ordinal) => {
      node.nodeIndex = ordinal * snapshot.nodeFieldCount;
      return node[kind]();
    });
  }
};

/** Groups of equal strings, largest retained size first. */
const duplicates: Question = (snapshot, out) => {
  out.json('duplicates', snapshot.getDuplicateStrings());
};

/** The class rows of the Summary view under each of its named filters. */
const filters: Question = (snapshot, out) => {
  const rows = NAMED_FILTERS.map((filterName) => [
    filterName,
    classRows(snapshot.aggregatesWithFilter({ filterName })),
  ]);
  out.json('filters', Object.fromEntries(rows));
};

/** Retainers of the nodes, nearest to the root first: the Retainers view. */
const retainers: Question = (snapshot, out, nodes) => {
  const order = new HeapSnapshotModel.ComparatorConfig('distance', true, 'name', true);
  out.json('retainers', answerEach(nodes, (ordinal) => {
    const provider = snapshot.createRetainingEdgesProvider(ordinal * snapshot.nodeFieldCount);
    return provider.isEmpty() ? [] : edgeRows(snapshot, provider, order);
  }));
};

/** What the nodes hold, largest retained size first: the Containment view. */
const containment: Question = (snapshot, out, nodes) => {
  const order = new HeapSnapshotModel.ComparatorConfig('retainedSize', false, '!edgeName', true);
  out.json('containment', answerEach(nodes, (ordinal) => {
    const provider = snapshot.createEdgesProvider(ordinal * snapshot.nodeFieldCount);
    return provider.isEmpty() ? [] : edgeRows(snapshot, provider, order);
  }));
};

/** The chain of dominators from each node up to the root. */
const dominators: Question = (snapshot, out, nodes) => {
  out.json('dominators', answerEach(nodes, (ordinal) =>
    snapshot
      .getDominatorsOf(ordinal * snapshot.nodeFieldCount)
      .map(({ nodeIndex }: any) => nodeIndex / snapshot.nodeFieldCount),
  ));
};

/** Distances once the nodes are ignored in the Retainers view, and the edges that fall with them. */
const ignore: Question = (snapshot, out, nodes) => {
  const { nodeCount, nodeFieldCount, edgeFieldsCount, containmentEdges } = snapshot;
  for (const ordinal of nodes) snapshot.ignoreNodeInRetainersView(ordinal * nodeFieldCount);
  const distances = new Int32Array(nodeCount);
  for (let ordinal = 0; ordinal < nodeCount; ++ordinal) {
    distances[ordinal] = snapshot.getDistanceForRetainersView(ordinal * nodeFieldCount);
  }
  const ignored = [];
  for (let edge = 0; edge < containmentEdges.length; edge += edgeFieldsCount) {
    if (snapshot.isEdgeIgnoredInRetainersView(edge)) ignored.push(edge / edgeFieldsCount);
  }
  snapshot.unignoreAllNodesInRetainersView();
  out.array('distance_ignoring.i32', distances);
  out.json('ignored_edges', ignored);
};

/** Where the nodes were made: script, line and column of every node that has them. */
const locations: Question = (snapshot, out) => {
  const rows = [];
  for (let ordinal = 0; ordinal < snapshot.nodeCount; ++ordinal) {
    const location = snapshot.getLocation(ordinal * snapshot.nodeFieldCount);
    if (location) rows.push([ordinal, location.scriptId, location.lineNumber, location.columnNumber]);
  }
  out.json('locations', rows);
};

/** Allocation stacks (of an allocation-tracking recording): top functions, their callers, node stacks. */
const allocations: Question = (snapshot, out, nodes) => {
  out.json('samples', snapshot.getSamples());
  if (!snapshot.profile.snapshot.trace_function_count) {
    out.json('allocations', null);
    return;
  }
  const tops = snapshot.allocationTracesTops();
  out.json('allocations', {
    tops,
    callers: Object.fromEntries(
      tops.filter((top: any) => top.hasChildren).map((top: any) => [top.id, snapshot.allocationNodeCallers(top.id)]),
    ),
    stacks: answerEach(nodes, (ordinal) => snapshot.allocationStack(ordinal * snapshot.nodeFieldCount)),
  });
};

/** Which page or realm owns what: sizes of the native contexts, and each node's context. */
const contexts: Question = (snapshot, out) => {
  out.json('contexts', {
    sizes: snapshot.getNativeContextSizes(),
    retained: snapshot.getRetainedByContextSummary(),
  });
  out.array('native_context.i32', snapshot.nodeNativeContextAttribution);
};

export const questions: Record<string, Question> = {
  numbers, names, duplicates, filters, retainers, containment, dominators, ignore, locations, allocations, contexts,
};
