// Load a heap snapshot with MemLab, up to its retained sizes: node load.cjs FILE
'use strict';
const { config } = require('@memlab/core');
const { getFullHeapFromFile } = require('@memlab/heap-analysis');

config.isContinuousTest = true; // no progress bar

getFullHeapFromFile(process.argv[2]).then((heap) => {
  let total = 0;
  heap.nodes.forEach((node) => { total = Math.max(total, node.retainedSize); });
  process.stdout.write(`\n${JSON.stringify({ nodes: heap.nodes.length, total_size: total })}\n`);
});
