/**
 * The supervisor without Electron: the same core in plain Node, the same page in a browser. Here is only
 * what has to come before the program is loaded: that it need not be compiled anew at each start, which
 * would cost a third of the start and memory that the compiler does not give back.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Beside the build, where nobody can write who cannot change the program. Where that is not allowed,
// as in a folder of the system, nothing is kept. From the sources there is no build.
if (import.meta.filename.endsWith('.js')) {
  enableCompileCache(join(import.meta.dirname, '..', '.compiled'));
}

await import('./headless-host.ts');
