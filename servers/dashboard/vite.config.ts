import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const project = resolve(import.meta.dirname, '..', '..');

/** The page, into the folder beside the bundle of its server (`page-files.ts` finds it there). */
export default defineConfig({
  root: resolve(import.meta.dirname, 'page'),
  // Relative, so that the page also works behind a proxy that serves it under a path.
  base: './',
  plugins: [react()],
  build: {
    outDir: resolve(project, 'out', 'servers', 'dashboard-page'),
    emptyOutDir: true,
    // As for the other bundles (vite.config.ts of the project).
    license: { fileName: 'licences.md' },
  },
});
