// Answers on disk: little-endian arrays with one value a node (or an edge), and JSON for the rest.
import * as fs from 'node:fs';
import * as path from 'node:path';

export class Output {
  constructor(private readonly folder: string) {
    fs.mkdirSync(folder, { recursive: true });
  }

  /** Write `values` as they lie in memory; the file's ending names the element: u8, u32, i32, f64. */
  array(name: string, values: Uint8Array | Uint32Array | Int32Array | Float64Array): void {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const file = fs.openSync(path.join(this.folder, name), 'w');
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30));
    }
    fs.closeSync(file);
  }

  json(name: string, value: unknown): void {
    fs.writeFileSync(path.join(this.folder, `${name}.json`), JSON.stringify(value));
  }

  /** Write one string a node: a table of the different strings, and each node's index in it. */
  strings(name: string, count: number, at: (ordinal: number) => string): void {
    const table = new Map<string, number>();
    const indices = new Uint32Array(count);
    for (let ordinal = 0; ordinal < count; ++ordinal) {
      const string = at(ordinal);
      let index = table.get(string);
      if (index === undefined) {
        index = table.size;
        table.set(string, index);
      }
      indices[ordinal] = index;
    }
    this.array(`${name}.u32`, indices);
    this.json(name, [...table.keys()]);
  }
}
