/**
 * The design's arrows, enforced on every import of the project. Each rule is shown to bite on a made-up import, since
 * a rule that cannot fail says nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ImportRecord, readSource, type SourceFile } from './architecture/imports.ts';
import * as rules from './architecture/rules.ts';

const root = resolve(import.meta.dirname, '..');
const maxLines = 400;

/** Longer files, with the reason why splitting would make them harder to read. */
const longFiles = new Map<string, number>();

const files: readonly SourceFile[] = readdirSync(root, { withFileTypes: true })
  .filter(
    (entry) =>
      entry.isDirectory() && !/^(\..*|node_modules|out|docs|test-results)$/.test(entry.name),
  )
  .flatMap((entry) =>
    readdirSync(join(root, entry.name), { recursive: true, encoding: 'utf8' })
      .map((name) => `${entry.name}/${name.replaceAll('\\', '/')}`)
      .filter((path) => /\.tsx?$/.test(path) && !path.includes('/node_modules/')),
  )
  .sort()
  .map((path) => readSource(path, readFileSync(join(root, path), 'utf8')));

const importsOf = (path: string, text: string) => readSource(path, text).imports;

/** The one import of a made-up file. */
function imported(path: string, text: string): ImportRecord {
  const [only, ...more] = importsOf(path, text);
  if (!only || more.length > 0) throw new Error(`Not one import: ${text}`);
  return only;
}

const importRules: Record<
  string,
  {
    readonly rule: rules.ImportRule;
    readonly bad: readonly (readonly [path: string, text: string])[];
    readonly good: readonly (readonly [path: string, text: string])[];
  }
> = {
  'Electron is imported only by main/index.ts, main/desktop/ and preload/': {
    rule: rules.electronStaysOnTheDesktop,
    bad: [
      ['main/headless.ts', "import { app } from 'electron';"],
      ['main/supervisor/pool/pool.ts', "import type { App } from 'electron';"],
      ['renderer/app.tsx', "const { ipcRenderer } = await import('electron/renderer');"],
    ],
    good: [
      ['main/index.ts', "import { app } from 'electron';"],
      ['main/desktop/tray.ts', "import { Tray } from 'electron/main';"],
      ['preload/index.ts', "import { contextBridge } from 'electron';"],
      ['main/supervisor/pool/pool.ts', "import electronic from 'electronic';"],
    ],
  },
  'the renderer imports only itself, shared/ and packages': {
    rule: rules.rendererIsAWebPage,
    bad: [
      ['renderer/app.tsx', "import { readFile } from 'node:fs/promises';"],
      ['renderer/app.tsx', "import path from 'path';"],
      ['renderer/lib/bridge.ts', "import type { Pool } from '../../main/supervisor/pool/pool.ts';"],
      ['renderer/app.tsx', "import '../preload/index.ts';"],
    ],
    good: [
      ['renderer/app.tsx', "import { useState } from 'react';"],
      ['renderer/app.tsx', "import './app.css';"],
      ['renderer/lib/bridge.ts', "import type { Api } from '../../shared/api.ts';"],
    ],
  },
  'shared/ imports only itself and zod': {
    rule: rules.sharedNeedsNothing,
    bad: [
      ['shared/api.ts', "import { join } from 'node:path';"],
      ['shared/api.ts', "import { parse } from 'smol-toml';"],
      ['shared/api.ts', "export { a } from '../main/supervisor/supervisor.ts';"],
    ],
    good: [
      ['shared/api.ts', "import * as z from 'zod/mini';"],
      ['shared/api.ts', "import { CodedError } from './errors.ts';"],
      ['shared/api.test.ts', "import { readFile } from 'node:fs/promises';"],
    ],
  },
  'the supervisor knows neither of its hosts': {
    rule: rules.supervisorKnowsNoHost,
    bad: [
      ['main/supervisor/supervisor.ts', "import { tray } from '../desktop/tray.ts';"],
      ['main/supervisor/pool/pool.ts', "import type { Window } from '../../desktop/window.ts';"],
      ['main/supervisor/supervisor.ts', "import { args } from '../index.ts';"],
      ['main/supervisor/control/doors.ts', "import { connect } from '../../../client/client.ts';"],
    ],
    good: [
      ['main/supervisor/supervisor.ts', "import { Pool } from './pool/pool.ts';"],
      ['main/supervisor/pool/pool.ts', "import { CodedError } from '../../../shared/errors.ts';"],
    ],
  },
  'no room imports code of another room': {
    rule: rules.roomsKeepToThemselves,
    bad: [
      ['main/supervisor/gateway/proxy.ts', "import { Pool } from '../pool/pool.ts';"],
      ['main/supervisor/gateway/proxy.ts', "const pool = await import('../pool/pool.ts');"],
      ['main/supervisor/telemetry/logger.ts', "export * from '../events/channel.ts';"],
      ['main/supervisor/gateway/proxy.ts', "import { type Pool } from '../pool/pool.ts';"],
    ],
    good: [
      ['main/supervisor/gateway/proxy.ts', "import type { Pool } from '../pool/pool.ts';"],
      ['main/supervisor/gateway/proxy.ts', "import { logger } from '../telemetry/logger.ts';"],
      ['main/supervisor/gateway/proxy.ts', "import { head } from './head.ts';"],
    ],
  },
  'only files directly in main/supervisor/ wire the rooms': {
    rule: rules.onlyTheRootWiresRooms,
    bad: [
      ['main/headless.ts', "import { Pool } from './supervisor/pool/pool.ts';"],
      ['main/desktop/ipc.ts', "import { Channel } from '../supervisor/events/channel.ts';"],
    ],
    good: [
      ['main/supervisor/supervisor.ts', "import { Pool } from './pool/pool.ts';"],
      ['main/desktop/ipc.ts', "import type { Channel } from '../supervisor/events/channel.ts';"],
      ['main/headless.ts', "import { load } from './supervisor/config/load.ts';"],
      ['main/headless.ts', "import { Supervisor } from './supervisor/supervisor.ts';"],
    ],
  },
  'entries only compose, and the headless one needs no Electron': {
    rule: rules.entriesOnlyCompose,
    bad: [
      ['main/headless.ts', "import { show } from './desktop/window.ts';"],
      ['main/index.ts', "import { App } from '../renderer/app.tsx';"],
    ],
    good: [
      ['main/index.ts', "import { show } from './desktop/window.ts';"],
      ['main/headless.ts', "import { Supervisor } from './supervisor/supervisor.ts';"],
      ['main/headless.ts', "import { version } from '../shared/version.ts';"],
    ],
  },
  'clients and bundled servers meet the supervisor on the wire only': {
    rule: rules.othersMeetItOnTheWire,
    bad: [
      ['client/client.ts', "import { encode } from '../main/supervisor/control/codec.ts';"],
      ['servers/memory/index.ts', "import type { A } from '../../main/supervisor/supervisor.ts';"],
      ['servers/memory/index.ts', "import { a } from '../../main/supervisor/config/places.ts';"],
    ],
    good: [
      ['cli/check.ts', "import { load } from '../main/supervisor/config/load-config.ts';"],
      ['client/client.ts', "import { requests } from '../shared/control-protocol.ts';"],
      ['cli/index.ts', "import { connect } from '../client/client.ts';"],
    ],
  },
};

describe.each(Object.entries(importRules))('%s', (_name, { rule, bad, good }) => {
  test.each(bad)('the rule bites: %s: %s', (path, text) => {
    expect(rule(imported(path, text))).toBeTypeOf('string');
  });

  test.each(good)('the rule lets pass: %s: %s', (path, text) => {
    expect(rule(imported(path, text))).toBeUndefined();
  });

  test('holds in this project', () => {
    const broken = files.flatMap(({ imports }) =>
      imports.flatMap((each) => {
        const reason = rule(each);
        return reason ? [`${each.from} imports ${each.specifier}: ${reason}`] : [];
      }),
    );
    expect(broken).toEqual([]);
  });
});

describe('nothing that the headless entry loads needs Electron', () => {
  const made = (sources: Record<string, string>) =>
    new Map(Object.entries(sources).map(([path, text]) => [path, readSource(path, text)]));

  test('the rule bites across files, and not on types', () => {
    const sources = made({
      'main/headless.ts': "import './supervisor/supervisor.ts';",
      'main/supervisor/supervisor.ts': "import './a.ts'; import type { B } from './b.ts';",
      'main/supervisor/a.ts': "export { app } from 'electron';",
      'main/supervisor/b.ts': "import 'better';",
    });
    expect(rules.wayTo('electron', 'main/headless.ts', sources)).toEqual([
      'main/headless.ts',
      'main/supervisor/supervisor.ts',
      'main/supervisor/a.ts',
      'electron',
    ]);
    expect(rules.wayTo('better', 'main/headless.ts', sources)).toBeUndefined();
  });

  test('holds in this project', () => {
    const all = new Map(files.map((file) => [file.path, file]));
    expect(rules.wayTo('electron', 'main/headless.ts', all)).toBeUndefined();
  });
});

describe('no file only re-exports', () => {
  test.each([
    "export * from './a.ts';",
    "export { a } from './a.ts'; export type { B } from './b.ts';",
    "import { a } from './a.ts'; export { a };",
  ])('the rule bites: %s', (text) => {
    expect(rules.isNoBarrel(readSource('shared/index.ts', text))).toBeTypeOf('string');
  });

  test.each([
    "import './setup.ts';",
    "export { a } from './a.ts'; export const b = 1;",
    'const a = 1; export { a };',
  ])('the rule lets pass: %s', (text) => {
    expect(rules.isNoBarrel(readSource('shared/index.ts', text))).toBeUndefined();
  });

  test('holds in this project', () => {
    expect(reasons((file) => rules.isNoBarrel(file))).toEqual([]);
  });
});

describe(`no file is longer than ${maxLines} lines`, () => {
  test('the rule bites at one line more, and knows exceptions', () => {
    const long = readSource('shared/long.ts', 'x;\n'.repeat(maxLines + 1));
    const fits = readSource('shared/fits.ts', 'x;\n'.repeat(maxLines));
    expect(rules.isShortEnough(long, maxLines)).toBe('it has 401 lines, more than 400: split it');
    expect(rules.isShortEnough(fits, maxLines)).toBeUndefined();
    expect(rules.isShortEnough(long, maxLines, new Map([[long.path, 401]]))).toBeUndefined();
  });

  test('holds in this project', () => {
    expect(reasons((file) => rules.isShortEnough(file, maxLines, longFiles))).toEqual([]);
  });

  test('no exception outlives its need', () => {
    const needed = files.filter(({ lines }) => lines > maxLines).map(({ path }) => path);
    expect(needed).toEqual(expect.arrayContaining([...longFiles.keys()]));
  });
});

function reasons(rule: (file: SourceFile) => string | undefined): readonly string[] {
  return files.flatMap((file) => {
    const reason = rule(file);
    return reason ? [`${file.path}: ${reason}`] : [];
  });
}

describe('the reader of imports', () => {
  test.each([
    ["import a from './x.ts';", 'value'],
    ["import './x.ts';", 'value'],
    ["import a, { type B } from\n  './x.ts';", 'value'],
    ["import { type B } from './x.ts';", 'value'], // verbatimModuleSyntax keeps the import itself.
    ["import type { B } from './x.ts';", 'type'],
    ["export * as a from './x.ts';", 'value'],
    ["export type { B } from './x.ts';", 'type'],
    ["void import(/* why */ './x.ts');", 'value'],
    ['void import(`./x.ts`);', 'value'],
    ["type B = import('./x.ts').B;", 'type'],
    ["import a = require('./x.ts');", 'value'],
    ["const a = require('./x.ts');", 'value'],
  ])('finds %s', (text, kind) => {
    expect(imported('main/supervisor/pool/pool.ts', text)).toEqual({
      from: 'main/supervisor/pool/pool.ts',
      specifier: './x.ts',
      target: 'main/supervisor/pool/x.ts',
      kind,
    });
  });

  test.each([
    "// import a from './x.ts'",
    'const text = "import a from \'./x.ts\'";',
    'export const a = 1;',
  ])('finds nothing in %s', (text) => {
    expect(importsOf('main/a.ts', text)).toEqual([]);
  });

  test('a source that it cannot read is an error, not a file without imports', () => {
    expect(() => readSource('main/a.ts', 'import {')).toThrow('main/a.ts: ');
  });

  test('the project is read', () => {
    expect(files.map(({ path }) => path)).toContain('test/architecture.test.ts');
    expect(files.flatMap(({ imports }) => imports).length).toBeGreaterThan(50);
  });
});
