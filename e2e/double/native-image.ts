/** The double of `nativeImage`: it reads the file and knows whether it is a picture. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const signatures = [Buffer.from('\x89PNG', 'latin1'), Buffer.from([0, 0, 1, 0])];

export class NativeImageDouble implements Pick<Electron.NativeImage, 'isEmpty'> {
  readonly file: string;
  readonly #isEmpty: boolean;

  constructor(path: string) {
    this.file = basename(path);
    const bytes = readIfThere(path);
    this.#isEmpty = !signatures.some((each) => bytes.subarray(0, each.length).equals(each));
  }

  isEmpty(): boolean {
    return this.#isEmpty;
  }
}

export const nativeImage = { createFromPath: (path: string) => new NativeImageDouble(path) };

/** As Electron, which answers a missing file with an empty picture. */
function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
