import { builtinModules } from 'node:module';
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type EnvironmentOptions } from 'vite';

const root = import.meta.dirname;

/** Packages with machine code, which cannot be bundled. Both are loaded only when they are needed. */
const native = ['@lydell/node-pty', 'koffi'];

/** A bundle for Electron or Node: everything inside it except `electron` and Node's own modules. */
function nodeBundle(
  folder: string,
  entries: Record<string, string>,
  format: 'es' | 'cjs',
  target = 'node24',
): EnvironmentOptions {
  return {
    consumer: 'server',
    resolve: { noExternal: true },
    build: {
      outDir: resolve(root, 'out', folder),
      target,
      minify: false,
      sourcemap: true,
      emptyOutDir: true,
      rolldownOptions: {
        input: Object.fromEntries(
          Object.entries(entries).map(([name, file]) => [name, resolve(root, file)]),
        ),
        external: ['electron', ...native, /^node:/, ...builtinModules],
        output: { format, entryFileNames: format === 'cjs' ? '[name].cjs' : '[name].js' },
      },
    },
  };
}

export default defineConfig({
  root: 'renderer',
  base: './',
  plugins: [react()],
  environments: {
    client: {
      build: {
        outDir: resolve(root, 'out/renderer'),
        emptyOutDir: true,
        target: 'chrome156',
        rolldownOptions: {
          // Terminal and editor have pages of their own: the status page does not carry their weight.
          input: {
            index: resolve(root, 'renderer/index.html'),
            terminal: resolve(root, 'renderer/terminal.html'),
            config: resolve(root, 'renderer/config.html'),
          },
        },
      },
    },
    main: nodeBundle(
      'main',
      {
        index: 'main/index.ts',
        headless: 'main/headless.ts',
        'journal-thread': 'main/supervisor/events/journal-thread.ts',
      },
      'es',
    ),
    // A sandboxed preload must be one CommonJS file (Electron, docs/tutorial/esm.md).
    preload: nodeBundle('preload', { index: 'preload/index.ts' }, 'cjs'),
    servers: nodeBundle(
      'servers',
      {
        memory: 'servers/memory/index.ts',
        dashboard: 'servers/dashboard/index.ts',
        'stdio-bridge': 'servers/stdio-bridge/index.ts',
      },
      'es',
    ),
    // These two run on the user's own Node, where the others have the project's.
    cli: nodeBundle('cli', { 'pm-supervisor': 'cli/pm-supervisor.ts' }, 'es', 'node20'),
    library: nodeBundle(
      'client',
      { 'supervisor-client': 'client/supervisor-client.ts' },
      'es',
      'node20',
    ),
  },
  builder: {
    buildApp: async (builder) => {
      await Promise.all(Object.values(builder.environments).map((each) => builder.build(each)));
    },
  },
});
