/**
 * Tells when a file may have changed, however that is done: written in place, replaced by another one
 * (as most editors do), removed, or behind a symbolic link. It watches folders, because a watch on a
 * file is lost with the file; and it looks by itself now and then, because not every file system tells.
 */
import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** So long it must have been quiet, in ms: a save is often several steps. */
const quietMs = 100;

/** But never longer than this after the first step, in ms: somebody may write all the time. */
const longestMs = 500;

/** How often it is looked at without being told, in ms. */
const lookPeriodMs = 2_000;

export class FileWatch {
  readonly #path: string;
  readonly #onChange: () => void;
  #watchers: FSWatcher[] = [];
  #folders: readonly string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #since = 0;
  #look: NodeJS.Timeout | null = null;
  #isClosed = false;
  #facts = '';

  /** `onChange` is called when there may be something new; it is to look whether there is. */
  constructor(path: string, onChange: () => void) {
    this.#path = path;
    this.#onChange = onChange;
  }

  async start(): Promise<void> {
    this.#facts = await factsOf(this.#path);
    await this.#watchFolders();
    if (this.#isClosed) return;
    this.#look = setInterval(() => void this.#lookAgain(), lookPeriodMs);
    this.#look.unref();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#look) clearInterval(this.#look);
    if (this.#timer) clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  /** The folder of the name, and that of the file behind it where they are two. */
  async #watchFolders(): Promise<void> {
    const target = await realpath(this.#path).catch(() => this.#path);
    const places = [this.#path, target];
    const folders = [...new Set(places.map((path) => dirname(path)))];
    if (this.#isClosed || folders.join('\n') === this.#folders.join('\n')) return;
    for (const watcher of this.#watchers) watcher.close();
    const names = new Set(places.map((path) => basename(path)));
    this.#folders = folders;
    this.#watchers = folders.flatMap((folder) =>
      watcherOf(
        folder,
        (name) => {
          if (name === null || names.has(name)) this.#changed();
        },
        () => {
          this.#folders = [];
        },
      ),
    );
  }

  #changed(): void {
    const now = performance.now();
    if (this.#timer === null) this.#since = now;
    else clearTimeout(this.#timer);
    const delayMs = Math.max(0, Math.min(quietMs, this.#since + longestMs - now));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#onChange();
    }, delayMs);
    this.#timer.unref();
  }

  async #lookAgain(): Promise<void> {
    await this.#watchFolders();
    const facts = await factsOf(this.#path);
    if (this.#isClosed || facts === this.#facts) return;
    this.#facts = facts;
    this.#changed();
  }
}

/** None where the folder is missing or cannot be watched: then it is looked at now and then. */
function watcherOf(
  folder: string,
  onChange: (name: string | null) => void,
  onEnd: () => void,
): readonly FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => onChange(name));
    watcher.on('error', () => {
      watcher.close();
      onEnd();
    });
    return [watcher];
  } catch {
    return [];
  }
}

/** What tells one state of a file from another without reading it. */
async function factsOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    return '';
  }
}
