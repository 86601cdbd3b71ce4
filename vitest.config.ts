import { globSync, readFileSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';

const unitTests =
  '{main,shared,renderer,preload,servers,client,cli,scripts,bench,soak}/**/*.test.{ts,tsx}';

/** What replaces a module must not find it evaluated by another file. */
const replacesModules = globSync(unitTests, { cwd: import.meta.dirname }).filter((file) =>
  readFileSync(`${import.meta.dirname}/${file}`, 'utf8').includes('vi.mock('),
);

const unitTimeouts = { testTimeout: 30_000, hookTimeout: 30_000 };

// A test that waits too short a time says nothing about the program: a busy machine starts a process in seconds,
// and the whole program, with its ten, in many. What hangs is found all the same.
export default defineConfig({
  test: {
    // Most tests wait for processes and sockets, not for a core: two at once would leave both idle.
    maxWorkers: 4,
    projects: [
      {
        test: {
          name: 'unit',
          // What a file imports is evaluated once for each worker and not for each file, a fourth of all that these
          // tests cost. So they leave nothing behind: no stubbed variable, no fake clock, no listener of the process.
          isolate: false,
          include: [unitTests],
          exclude: [...configDefaults.exclude, ...replacesModules],
          ...unitTimeouts,
        },
      },
      {
        test: {
          name: 'unit with replaced modules',
          include: replacesModules,
          ...unitTimeouts,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
