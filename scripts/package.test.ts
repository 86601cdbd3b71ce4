import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { getRawHeader } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePackage } from './packager.mjs';

const root = join(import.meta.dirname, '..');
const native = ['@lydell', '@koromix', 'koffi'];
const built = [
  'out/main/index.js',
  'out/main/index.js.map',
  'out/main/journal-thread.js',
  'out/main/assets/chunk.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
  'out/servers/memory.js',
  'out/servers/dashboard-page/index.html',
  'out/cli/pm-supervisor.js',
];

/** The project's own packaging settings on a build of tiny files: others may be building the real one. */
describe.runIf(process.platform === 'linux')('the package, made without a download', () => {
  let folder: string;
  let resources: string;
  let program: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pm-package-'));
    for (const file of ['package.json', 'electron-builder.yml', 'assets']) {
      await cp(join(root, file), join(folder, file), { recursive: true });
    }
    for (const file of built) await put(file, '/* built */');
    await put('out/servers/memory.js', 'export {}; console.log("served by", process.argv0);');
    await put('node_modules/node/bin/node', '#!/bin/sh\nexec "$PM_TEST_NODE" "$@"\n', 0o755);
    await put('node_modules/express/package.json', '{ "name": "express", "version": "1.0.0" }');
    for (const name of native) {
      await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name));
    }
    const electron = join(folder, 'node_modules/electron');
    await symlink(join(root, 'node_modules/electron'), electron);
    const { code, output } = await makePackage({
      root,
      project: folder,
      args: ['--linux', '--dir'],
      electron: 'stub',
      visible: false,
    });
    expect(code, output).toBe(0);
    resources = join(folder, 'dist/linux-unpacked/resources');
    program = join(folder, 'dist/linux-unpacked/project-memory-supervisor');
  }, 120_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function put(file: string, text: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text, { mode });
  }

  test('the archive holds the bundles and pictures, and no package but those with machine code', () => {
    const files = archived(join(resources, 'app.asar'));
    const packages = files.filter(({ path }) => path.startsWith('node_modules/'));
    const names = new Set(packages.map(({ path }) => path.split('/')[1]));
    expect(names).toEqual(new Set(native));
    expect(packages.filter(({ unpacked }) => !unpacked)).toEqual([]);
    const own = files.map(({ path }) => path).filter((path) => !path.startsWith('node_modules/'));
    expect(new Set(own.filter((path) => !path.startsWith('assets/')))).toEqual(
      new Set([
        'out/main/assets/chunk.js',
        'out/main/index.js',
        'out/preload/index.cjs',
        'out/renderer/index.html',
        'package.json',
      ]),
    );
    expect(own).toContain('assets/generated/tray-failed-Template@2x.png');
  });

  test('what Node and a thread read lies beside the archive as plain files', () => {
    for (const file of [
      'node/node',
      'out/package.json',
      'out/servers/memory.js',
      'out/servers/dashboard-page/index.html',
      'out/main/journal-thread.js',
      'out/renderer/index.html',
    ]) {
      expect(existsSync(join(resources, file)), file).toBe(true);
    }
    expect(existsSync(join(resources, 'app.asar.unpacked/node_modules/koffi/index.js'))).toBe(true);
  });

  test('the shipped Node runs a bundled server as a module, without any package around', async () => {
    const { stdout, stderr } = await promisify(execFile)(
      join(resources, 'node/node'),
      [join(resources, 'out/servers/memory.js')],
      { env: { PM_TEST_NODE: process.execPath }, timeout: 30_000 },
    );
    expect(stdout).toContain('served by');
    expect(stderr).toBe(''); // Node complains of a module whose package.json does not say so.
  });

  test('security checklist 19: the fuses are set', async () => {
    const wire = await getCurrentFuseWire(program);
    const isOn = (fuse: FuseV1Options) => wire[fuse] === FuseState.ENABLE;
    expect({
      runAsNode: isOn(FuseV1Options.RunAsNode),
      nodeOptions: isOn(FuseV1Options.EnableNodeOptionsEnvironmentVariable),
      inspect: isOn(FuseV1Options.EnableNodeCliInspectArguments),
      fileProtocol: isOn(FuseV1Options.GrantFileProtocolExtraPrivileges),
      integrity: isOn(FuseV1Options.EnableEmbeddedAsarIntegrityValidation),
      onlyAsar: isOn(FuseV1Options.OnlyLoadAppFromAsar),
      cookies: isOn(FuseV1Options.EnableCookieEncryption),
    }).toEqual({
      runAsNode: false,
      nodeOptions: false,
      inspect: false,
      fileProtocol: false,
      integrity: true,
      onlyAsar: true,
      cookies: true,
    });
  });

  test('the settings name three systems', async () => {
    const settings = await readFile(join(root, 'electron-builder.yml'), 'utf8');
    for (const target of ['nsis', 'dmg', 'AppImage', 'deb']) expect(settings).toContain(target);
  });
});

interface Archived {
  readonly path: string;
  readonly unpacked: boolean;
}

interface Entry {
  readonly files?: Readonly<Record<string, Entry>>;
  readonly unpacked?: boolean;
}

/** Every file of an archive, and whether its content lies beside it. */
function archived(archive: string): Archived[] {
  const list = (entry: Entry, path: string): Archived[] =>
    entry.files === undefined
      ? [{ path, unpacked: entry.unpacked === true }]
      : Object.entries(entry.files).flatMap(([name, inner]) =>
          list(inner, path === '' ? name : `${path}/${name}`),
        );
  return list(getRawHeader(archive).header as Entry, '');
}
