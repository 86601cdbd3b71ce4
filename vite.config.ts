import { rm } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type EnvironmentOptions, type Plugin } from 'vite';

const root = import.meta.dirname;

/** What is bundled is passed on: beside each bundle stand the licences of its packages, as they ask for. */
const license = { fileName: 'licences.md' };

/** Packages with machine code, which cannot be bundled. Both are loaded only when they are needed. */
const native = ['@lydell/node-pty', 'koffi'];

/**
 * Node's modules with parts that are loaded when somebody looks at them. An `import` looks at every part:
 * that of `node:http` alone loads Node's own fetch for its `WebSocket`, 12 MiB that nobody asked for.
 */
const dearParts: Readonly<Record<string, readonly string[]>> = {
  'node:http': ['WebSocket', 'CloseEvent', 'MessageEvent'],
  'node:crypto': ['webcrypto', 'subtle', 'getRandomValues'],
};

/** Those that `leanImports` has to see are resolved by it, or by Vite. */
const builtins = builtinModules
  .flatMap((name) => [name, `node:${name}`])
  .filter((name) => !(name in dearParts));

/**
 * Of undici we need the agent with its methods, put together as undici's index does it, and not the caches,
 * mocks and browser interfaces that the index loads, too.
 */
const undiciAgent = `
  import api from 'undici/lib/api/index.js';
  import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
  Object.assign(Dispatcher.prototype, api);
  export { default as Agent } from 'undici/lib/dispatcher/agent.js';
`;

/**
 * Express loads its body parsers, and with them the tables of hundreds of encodings. Bodies are read with
 * a bound of our own here (main/supervisor/http/respond.ts), so `express.json` is not in the bundles.
 */
const noBodyParsers = 'module.exports = {};';

/**
 * Keeps out of memory what a program of ours never uses. Whoever imports a part that is left out gets an
 * error from the build.
 */
function leanImports(): Plugin {
  const prefix = '\0lean:';
  return {
    name: 'lean-imports',
    enforce: 'pre',
    // The others run on the user's Node, which may be older, or in a browser.
    applyToEnvironment: ({ name }) => name === 'main' || name === 'servers',
    resolveId(source, _importer, { kind }) {
      const isLean = kind === 'import-statement' && (source in dearParts || source === 'undici');
      return isLean || source === 'body-parser' ? prefix + source : null;
    },
    async load(id) {
      if (!id.startsWith(prefix)) return null;
      const name = id.slice(prefix.length);
      if (name === 'undici') return undiciAgent;
      if (name === 'body-parser') return noBodyParsers;
      const leftOut = ['default', 'module.exports', ...(dearParts[name] ?? [])];
      const names = Object.keys((await import(name)) as object);
      return [
        `const builtin = process.getBuiltinModule('${name}');`,
        'export default builtin;',
        `export const { ${names.filter((each) => !leftOut.includes(each)).join(', ')} } = builtin;`,
      ].join('\n');
    },
  };
}

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
      license,
      rolldownOptions: {
        input: Object.fromEntries(
          Object.entries(entries).map(([name, file]) => [name, resolve(root, file)]),
        ),
        external: ['electron', ...native, ...builtins],
        output: {
          format,
          entryFileNames: format === 'cjs' ? '[name].cjs' : '[name].js',
          // A program holds its own text in memory. Its lines stay: a stack trace has to be readable.
          comments: { legal: true, annotation: false, jsdoc: false },
        },
      },
    },
  };
}

export default defineConfig({
  root: 'renderer',
  base: './',
  plugins: [react(), leanImports()],
  environments: {
    client: {
      build: {
        outDir: resolve(root, 'out/renderer'),
        emptyOutDir: true,
        license,
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
      // What headless.ts kept of the programs that are replaced now.
      await rm(resolve(root, 'out/.compiled'), { recursive: true, force: true });
      await Promise.all(Object.values(builder.environments).map((each) => builder.build(each)));
    },
  },
});
