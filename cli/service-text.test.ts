/** The files for the three service managers. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { commandForm, ownershipOf, type ServiceFacts, serviceText } from './service-text.ts';

const odd = '/opt/my "app"/50% $off & <on>';

const facts: ServiceFacts = {
  system: 'systemd',
  name: 'project-memory-supervisor.service',
  command: ['/usr/bin/node', '/opt/pm/out/main/headless.js', '--config', odd],
  environment: { PATH: '/usr/bin:/home/me/100% mine/bin' },
  outputFile: '/home/me/log & more.log',
  user: 'DESK\\me',
};

const agent: ServiceFacts = { ...facts, system: 'launchd', name: 'dev.x' };
const task: ServiceFacts = {
  ...facts,
  system: 'task',
  command: [
    'C:\\Program Files\\nodejs\\node.exe',
    'C:\\pm\\cli.js',
    'start',
    '--config',
    'C:\\a b.toml',
  ],
};

test('systemd: every word of the command is one argument, with no specifier and no variable in it', () => {
  expect(serviceText(facts)).toContain(
    String.raw`ExecStart="/usr/bin/node" "/opt/pm/out/main/headless.js" "--config" "/opt/my \"app\"/50%% $$off & <on>"`,
  );
  expect(serviceText(facts)).toContain(
    'Environment="PATH=/usr/bin:/home/me/100%% mine/bin"\nRestart=on-failure\n',
  );
});

test('systemd: a crash is mended, the services get their time to end, a hungry one takes nobody along', () => {
  const lines = serviceText(facts).split('\n');
  for (const line of [
    'Restart=on-failure',
    'KillMode=mixed',
    'TimeoutStopSec=60',
    'OOMPolicy=continue',
    'WantedBy=default.target',
  ]) {
    expect(lines).toContain(line);
  }
});

test.runIf(process.platform === 'linux')(
  'systemd: systemd-analyze has nothing against the unit',
  async (context) => {
    const run = promisify(execFile);
    const present = await run('systemd-analyze', ['--version']).then(
      () => true,
      () => false,
    );
    if (!present) return context.skip('systemd-analyze is not here');
    const folder = await mkdtemp(join(tmpdir(), 'pm-unit-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, facts.name);
    await writeFile(
      file,
      serviceText({ ...facts, command: [process.execPath, odd, '--config', odd] }),
    );
    const env = { ...process.env, XDG_RUNTIME_DIR: folder };
    const { stdout, stderr } = await run('systemd-analyze', ['--user', 'verify', file], { env });
    expect(stdout + stderr).toBe('');
  },
);

test('launchd: it starts at log-in and after a crash only, and its words are escaped', () => {
  const text = serviceText(agent);
  expect(text).toContain('<key>RunAtLoad</key>\n  <true/>');
  expect(text).toMatch(/<key>KeepAlive<\/key>\s*<dict>\s*<key>SuccessfulExit<\/key>\s*<false\/>/);
  expect(text).toContain('<string>/opt/my &quot;app&quot;/50% $off &amp; &lt;on&gt;</string>');
  expect(text).toContain('<key>ExitTimeOut</key>\n  <integer>60</integer>');
  expect(text.match(/<string>\/home\/me\/log &amp; more\.log<\/string>/g)).toHaveLength(2);
});

test('Windows: at the log-in of one user, with the rights of that user, for as long as it takes', () => {
  const text = serviceText(task);
  expect(text).toContain('<Command>C:\\Program Files\\nodejs\\node.exe</Command>');
  expect(text).toContain(
    '<Arguments>C:\\pm\\cli.js start --config &quot;C:\\a b.toml&quot;</Arguments>',
  );
  expect(text.match(/<UserId>DESK\\me<\/UserId>/g)).toHaveLength(2);
  expect(text).toContain('<RunLevel>LeastPrivilege</RunLevel>');
  expect(text).toContain('<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>');
});

test.each([facts, agent, task])(
  '$system: XML is well formed, and a comment holds no "--"',
  (each) => {
    for (const [, comment = ''] of serviceText(each).matchAll(/<!--(.*?)-->/gs)) {
      expect(comment).not.toContain('--');
    }
    if (each.system === 'systemd') return;
    const open: string[] = [];
    const tags = serviceText(each).matchAll(/<(\/?)([A-Za-z]+)[^<>]*?(\/?)>/g);
    for (const [, closes, name = '', isEmpty] of tags) {
      if (closes) expect(open.pop()).toBe(name);
      else if (!isEmpty) open.push(name);
    }
    expect(open).toEqual([]);
  },
);

test.each([facts, agent, task])(
  '$system: a file is known again, and so is a change to it',
  (each) => {
    const text = serviceText(each);
    expect(ownershipOf(text)).toBe('ours');
    expect(ownershipOf(text.replaceAll('\n', '\r\n'))).toBe('ours');
    expect(ownershipOf(text.replace('/opt', '/usr').replace('C:\\pm', 'C:\\qm'))).toBe('edited');
    expect(ownershipOf(`${text}\n# mine\n`)).toBe('edited');
    expect(ownershipOf('[Service]\nExecStart=/usr/bin/other\n')).toBe('foreign');
    expect(text).toContain(commandForm(each));
  },
);
