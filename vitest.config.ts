import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Most tests wait for processes and sockets, not for a core: two at once would leave both idle.
    maxWorkers: 4,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{main,shared,renderer,preload,servers,client,cli,scripts,bench,soak}/**/*.test.{ts,tsx}',
          ],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
});
