/**
 * The package of the real build, made without a download: around an Electron without content, and with a
 * program in fpm's place that notes what a deb would hold. Its content is then started, in the double.
 */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { extractAll, getRawHeader } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Place } from '../test/harness.ts';
import { until } from '../test/until.ts';
import { makePackage } from './packager.mjs';
import { writeStubElectron } from './stub-electron.mjs';

const root = join(import.meta.dirname, '..');
const native = ['@lydell', '@koromix', 'koffi'];

/** Half a gigabyte is copied, on a machine that has other things to do. */
const packageTimeoutMs = 180_000;
const timeout = 60_000;

describe.runIf(process.platform === 'linux')(
  'the package, made without a download',
  { timeout },
  () => {
    let folder: string;
    let resources: string;
    let program: string;
    /** What fpm was told, an argument a line. */
    let toldFpm: string;
    let desktopFile: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pm-package-'));
      const electron = join(folder, 'electron');
      const { version } = JSON.parse(
        await readFile(join(root, 'node_modules/electron/package.json'), 'utf8'),
      ) as { version: string };
      await writeStubElectron(electron, version);
      const fpm = join(folder, 'fpm');
      await writeFile(fpm, notingFpm(folder), { mode: 0o755 });
      vi.stubEnv('CUSTOM_FPM_PATH', fpm);
      const { code, output } = await makePackage({
        root,
        project: root,
        args: [
          '--linux',
          'deb',
          `-c.directories.output=${join(folder, 'dist')}`,
          '-c.extraMetadata.homepage=https://example.org/',
        ],
        electron,
        visible: false,
      });
      vi.unstubAllEnvs();
      expect(code, output).toBe(0);
      resources = join(folder, 'dist/linux-unpacked/resources');
      program = join(folder, 'dist/linux-unpacked/project-memory-supervisor');
      toldFpm = await readFile(join(folder, 'fpm-arguments'), 'utf8');
      desktopFile = await readFile(join(folder, 'desktop-file'), 'utf8');
    }, packageTimeoutMs);

    afterAll(() => rm(folder, { recursive: true, force: true }));

    test('the archive holds the bundles and pictures, and no package but those with machine code', () => {
      const files = archived(join(resources, 'app.asar'));
      const packages = files.filter(({ path }) => path.startsWith('node_modules/'));
      const names = new Set(packages.map(({ path }) => path.split('/')[1]));
      expect(names).toEqual(new Set(native));
      expect(packages.filter(({ unpacked }) => !unpacked)).toEqual([]);
      const own = files.map(({ path }) => path).filter((path) => !path.startsWith('node_modules/'));
      const expected = [
        /^package\.json$/,
        /^assets\/generated\/[\w@-]+\.(png|ico)$/,
        /^out\/main\/(index|headless)\.js$/,
        /^out\/main\/assets\/[\w-]+\.js$/,
        /^out\/preload\/index\.cjs$/,
        /^out\/(main|preload|renderer)\/licences\.md$/,
        /^out\/renderer\/(index|terminal|config)\.html$/,
        /^out\/renderer\/assets\/[\w-]+\.(js|css|svg)$/,
      ];
      expect(own.filter((path) => !expected.some((form) => form.test(path)))).toEqual([]);
      for (const form of expected)
        expect(
          own.some((path) => form.test(path)),
          `${form}`,
        ).toBe(true);
    });

    test('neither tests nor source maps are in it, nor a folder of the machine that built it', async () => {
      const unpacked = join(folder, 'content');
      extractAll(join(resources, 'app.asar'), unpacked);
      await cp(join(resources, 'out'), join(unpacked, 'resources'), { recursive: true });
      const { stdout } = await promisify(execFile)('grep', ['-rlF', root, unpacked], {
        timeout,
      }).catch((error: { readonly code: number; readonly stdout: string }) => {
        if (error.code !== 1) throw error;
        return error;
      });
      expect(stdout).toBe('');
      const files = await promisify(execFile)('find', [
        unpacked,
        '-name',
        '*.map',
        '-o',
        '-name',
        '*.test.*',
      ]);
      expect(files.stdout).toBe('');
    });

    test('what Node and a thread read lies beside the archive as plain files', () => {
      for (const file of [
        'node/node',
        'out/package.json',
        'out/servers/memory.js',
        'out/servers/stdio-bridge.js',
        'out/servers/dashboard-page/index.html',
        'out/main/journal-thread.js',
        'out/renderer/index.html',
      ]) {
        expect(existsSync(join(resources, file)), file).toBe(true);
      }
      expect(existsSync(join(resources, 'app.asar.unpacked/node_modules/koffi/index.js'))).toBe(
        true,
      );
    });

    test('the deb has a desktop file with category and keywords, an icon for every size, and a maintainer', () => {
      expect(toldFpm).toContain('--category\ndevel\n');
      expect(toldFpm).toContain('--maintainer\nThe Project Memory Supervisor authors\n');
      expect(toldFpm).toContain('--url\nhttps://example.org/\n');
      expect(toldFpm).toContain(
        '=/usr/share/icons/hicolor/scalable/apps/project-memory-supervisor.svg\n',
      );
      const lines = desktopFile.trim().split('\n');
      for (const line of [
        '[Desktop Entry]',
        'Name=Project Memory Supervisor',
        'Categories=Development;',
        'Keywords=MCP;AI;Model Context Protocol;',
        'StartupWMClass=project-memory-supervisor',
        'Terminal=false',
      ]) {
        expect(lines).toContain(line);
      }
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

    test('what is in the package starts: page, pool and dashboard run on its own Node, and end in order', async () => {
      await using place = await Place.create();
      const packaged = join(folder, 'packaged');
      await mkdir(packaged);
      await cp(join(resources, 'out'), join(packaged, 'out'), { recursive: true });
      await cp(join(resources, 'node'), join(packaged, 'node'), { recursive: true });
      // The double reads no archives; a folder of that name is where everything finds everything.
      extractAll(join(resources, 'app.asar'), join(packaged, 'app.asar'));
      const app = startInDouble(packaged, place);
      onTestFinished(() => void app.kill('SIGKILL'));
      const ended = new Promise((resolve) => app.once('exit', resolve));
      let printed = '';
      for (const stream of [app.stdout, app.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          printed += text;
        });
      }

      await until(() => /ready\s+service=dashboard/.test(printed), {
        what: 'the dashboard',
        timeoutMs: timeout / 2,
        instead: () => printed,
      });
      expect(printed).toMatch(/ready\s+service=mcp:1/);
      const page = await fetch((await place.ports())?.page_url ?? '');
      expect(await page.text()).toContain('<title>Project Memory Supervisor');
      const programs = place.survivors().map(({ command }) => command);
      expect(programs.filter((each) => each.includes('out/servers/memory.js'))).toEqual([
        expect.stringContaining(join(packaged, 'node/node')),
      ]);

      app.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(place.survivors()).toEqual([]);
    });

    test('the settings name three systems', async () => {
      const settings = await readFile(join(root, 'electron-builder.yml'), 'utf8');
      for (const target of ['nsis', 'dmg', 'AppImage', 'deb']) expect(settings).toContain(target);
    });
  },
);

/** fpm is a download, too. This one keeps what it is told, and the desktop file, which is a temporary one. */
function notingFpm(folder: string): string {
  return `#!/bin/sh
printf '%s\\n' "$@" > '${folder}/fpm-arguments'
for each in "$@"; do
  case "$each" in *.desktop=*) cp "\${each%%=*}" '${folder}/desktop-file' ;; esac
done
`;
}

/** The packaged entry in plain Node, with e2e's double for Electron that says it is packaged. */
function startInDouble(packaged: string, place: Place): ChildProcess {
  const double = join(root, 'e2e/double');
  const asPackaged = `const { app } = await import('file://${double}/app.ts');
    Object.defineProperty(app, 'isPackaged', { value: true });
    Object.defineProperty(process, 'resourcesPath', { value: ${JSON.stringify(packaged)} });`;
  const preloads = [
    join(double, 'register.ts'),
    `data:text/javascript,${encodeURIComponent(asPackaged)}`,
  ];
  return fork(
    join(packaged, 'app.asar/out/main/index.js'),
    ['--hidden', '--config', place.configPath],
    {
      execArgv: preloads.flatMap((each) => ['--import', each]),
      serialization: 'advanced',
      silent: true,
      env: { ...place.env, XDG_CONFIG_HOME: join(place.folder, 'home'), PATH: '/usr/bin:/bin' },
    },
  );
}

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
