// The self time of every function of a CPU profile, as DevTools draws it.
import * as fs from 'node:fs';

import { CPUProfileDataModel } from 'chrome-devtools-frontend/front_end/models/cpu_profile/CPUProfileDataModel.ts';

export interface Function {
  name: string;
  url: string;
  line: number;
  column: number;
  self_ms: number;
}

/** Read a `.cpuprofile`, and sum what every function was seen doing itself. */
export function selfTimes(path: string): Function[] {
  const profile = JSON.parse(fs.readFileSync(path, 'utf8'));
  const model = new CPUProfileDataModel(profile);
  const functions = new Map<string, Function>();
  const nothing = () => {};
  model.forEachFrame(nothing, (_depth, node, _sample, _start, _duration, self) => {
    const { functionName: name, url, lineNumber: line, columnNumber: column } = node.callFrame;
    const key = JSON.stringify([name, url, line, column]);
    const known = functions.get(key) ?? { name, url, line, column, self_ms: 0 };
    known.self_ms += self;
    functions.set(key, known);
  });
  return [...functions.values()];
}
