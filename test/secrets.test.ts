/**
 * Where secrets go, and where no port goes. Every secret of this test is a text of its own, so that each can
 * be looked for in all that the program writes, says and starts, after it was used, misused and made to fail.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ControlRequest } from '../shared/control-protocol.ts';
import { ControlClient } from './control-client.ts';
import { Place, type RunningSupervisor, startSupervisor } from './harness.ts';
import { openMcpSession } from './mcp-session.ts';
import { hasProc } from './processes.ts';
import { until } from './until.ts';

const secrets = {
  page: 'page-token-5f1c90aa7be3',
  laptop: 'client-token-11d86e02fa57',
  source: 'source-token-c7304be19d2f',
  vault: 'vault-password-90ab3e77c1d5',
  argument: 'argument-key-3bd1f0768e24',
  mistyped: 'mistyped-key-7e02c5d91fb8',
  guess: 'guessed-token-e84d17a3b60c',
} as const;

/** The secret that stands on its service's own command line, where its user wrote it. */
const onCommandLine = 'argument';

const tomlWithSecrets = `
[[auth.clients]]
name = "laptop"
token = "${secrets.laptop}"

[[events.sources]]
name = "elsewhere"
url = "http://127.0.0.1:9/stream?token=${secrets.source}"
headers = { Authorization = "Bearer ${secrets.source}" }
`;

const idle = 'setInterval(() => {}, 1e6)';

const servers = [
  {
    name: 'keyed',
    command: process.execPath,
    args: ['-e', idle, '--', `--api-key=${secrets.argument}`],
  },
  { name: 'plain', command: process.execPath, args: ['-e', idle] },
  { name: 'absent', command: 'no-such-program-here', args: ['--api-key', secrets.argument] },
];

/** The forms in which a secret may be written. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), bytes.toString('base64')];
}

/** The names of the secrets that a text or file holds, in whatever form. */
function secretsIn(text: string): readonly string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name);
}

test.runIf(hasProc)(
  'W36 no secret is found where it does not belong, whatever happens to the program',
  { timeout: 90_000 },
  async () => {
    await using place = await placeWithSecrets();
    const said: string[] = [];
    {
      await using supervisor = await start(place);
      await use(supervisor, said);
      await misuse(supervisor, said);
      expect(secretsIn(processesBut(supervisor.process.pid, place))).toEqual([]);
      const made = madeSecrets(place);
      // Each went to the program that needs it, and to no other one.
      expect(made.map(({ name, program }) => `${name} ${program}`).toSorted()).toEqual([
        'PM_WEBHOOK_SECRET memory.js',
        'SUPERVISOR_EVENTS_TOKEN dashboard.js',
      ]);
      await askEverything(supervisor, said);
      // The next run has to cope with what is left.
      await supervisor.stop('SIGKILL');
      said.push(supervisor.output().replace(/^Status page:.*$/gm, ''));
      const written = [...said, ...filesOf(place).map((name) => readText(place, name))].join('\n');
      expect(made.filter(({ value }) => written.includes(value))).toEqual([]);
    }
    {
      await using supervisor = await start(place);
      await askEverything(supervisor, said);
      expect(filesWithSecrets(place)).toEqual([]);
      await supervisor.stop();
      said.push(supervisor.output().replace(/^Status page:.*$/gm, ''));
    }
    expect(secretsIn(said.join('\n'))).toEqual([]);
  },
);

test('the check bites, in each form', () => {
  for (const form of formsOf(secrets.vault)) expect(secretsIn(`x${form}x`)).toEqual(['vault']);
});

async function placeWithSecrets(): Promise<Place> {
  const place = await Place.create({
    settings: {
      supervisor: { control_tcp_port: 0, log_level: 'trace' },
      auth: { api_key: secrets.page, gateway: true, control_tcp_token: true },
    },
    servers,
  });
  const vault = `\n[servers.env]\nVAULT_PASSWORD = "${secrets.vault}"\n`;
  const text = await place.readConfig();
  // Of the first server, whose block is followed by that of the second one.
  const [before, first, ...rest] = text.split('[[servers]]');
  await place.writeConfig(
    [before, `${first}${vault}`, ...rest].join('[[servers]]') + tomlWithSecrets,
  );
  return place;
}

async function start(place: Place): Promise<RunningSupervisor> {
  return await startSupervisor({
    place,
    isReady: ({ services }) =>
      services.every(({ state, onDemand, name }) =>
        name === 'absent' ? state === 'failed' : state === 'ready' || onDemand,
      ),
  });
}

/** Each secret opens what it is for. */
async function use(supervisor: RunningSupervisor, said: string[]): Promise<void> {
  const visit = await fetch(supervisor.loginUrl, { redirect: 'manual' });
  const cookie = visit.headers.get('set-cookie') ?? '';
  // The address that the page has from now on, and what a browser keeps.
  said.push(visit.headers.get('location') ?? '', cookie, await visit.text());
  const page = new URL('/', supervisor.loginUrl);
  const answer = await fetch(new URL('/control', page), {
    method: 'POST',
    headers: { cookie: cookie.split(';')[0] ?? '', 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'Status' }),
  });
  expect(answer.status).toBe(200);
  const tcp = await ControlClient.open(supervisor.ports.services['control_tcp'] ?? 0);
  said.push(JSON.stringify(await tcp.line(asLine('Authenticate', { token: secrets.page }))));
  tcp.close();
  const authorization = `Bearer ${secrets.laptop}`;
  await openMcpSession(supervisor.mcpUrl, { authorization });
  for (const path of ['/health', '/metrics', '/admin/connections']) {
    const response = await fetch(supervisor.gatewayUrl + path, { headers: { authorization } });
    expect(response.status).toBe(200);
    said.push(await response.text());
  }
}

/** Wrong tokens at every door, a secret where none belongs, and things that fail. */
async function misuse(supervisor: RunningSupervisor, said: string[]): Promise<void> {
  const page = supervisor.ports.page_url ?? '';
  const doors = [
    `${page}?token=${secrets.guess}`,
    `${supervisor.mcpUrl}?token=${secrets.page}&api_key=${secrets.laptop}`,
    `${supervisor.eventsUrl}?token=${secrets.page}`,
  ];
  for (const address of doors) {
    const response = await fetch(address, {
      headers: { authorization: `Bearer ${secrets.guess}`, 'x-pm-api-key': secrets.guess },
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    said.push(await response.text());
  }
  const tcp = await ControlClient.open(supervisor.ports.services['control_tcp'] ?? 0);
  said.push(JSON.stringify(await tcp.line(asLine('Authenticate', { token: secrets.guess }))));
  tcp.close();
  // A key in the wrong place, of the wrong type, and in a text that is no TOML.
  const mistakes = [
    `[auth]\napi_key = ["${secrets.mistyped}"]\n`,
    `[auth]\napi_kee = "${secrets.mistyped}"\n`,
    `[auth]\napi_key = ${secrets.mistyped}\n`,
  ];
  for (const text of mistakes) {
    said.push(JSON.stringify(await supervisor.client.line(asLine('ValidateConfig', { text }))));
    const save = asLine('SaveConfig', { text, base_hash: 'of another text' });
    said.push(JSON.stringify(await supervisor.client.line(save)));
  }
  const before = await supervisor.snapshot();
  const [instance] = before.instances;
  process.kill(instance?.pid ?? 0, 'SIGKILL');
  await supervisor.until('the instance to be another process', ({ instances }) => {
    const [again] = instances;
    return again?.state === 'ready' && again.pid !== instance?.pid;
  });
}

function asLine(type: ControlRequest['type'], fields: object = {}): string {
  return JSON.stringify({ type, ...fields });
}

/** Every verb that tells something, but those that give out the file to its user. The report to copy is made of these. */
async function askEverything(supervisor: RunningSupervisor, said: string[]): Promise<void> {
  const questions = [
    ...(['WhoAmI', 'Status', 'Snapshot', 'ListServices', 'ListSubscribers', 'Doctor'] as const),
    ...(['Trends', 'ListMcpConnections', 'ListMcpInstances', 'EventStats', 'ListClients'] as const),
    ...(['ConfigHistory', 'HealthSnapshot', 'SubscribeEvents'] as const),
  ].map((type) => asLine(type));
  const ofServices = ['keyed', 'plain', 'absent', 'mcp:1', 'dashboard'].flatMap((service) =>
    (['Logs', 'ProcessTree', 'StateEvents', 'ServiceHealth'] as const).map((type) =>
      asLine(type, { service }),
    ),
  );
  for (const line of [...questions, ...ofServices]) {
    said.push(JSON.stringify(await supervisor.client.line(line)));
  }
}

/** The command lines and environments of what the supervisor started, without what a service was given. */
function processesBut(supervisorPid: number, place: Place): string {
  return place
    .survivors()
    .filter(({ pid }) => pid !== supervisorPid)
    .map(({ pid, command }) => {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      const isKeyed = command.includes(secrets[onCommandLine]);
      // Its own key and password are what its user gave it, and stay with it alone.
      const given = isKeyed ? [secrets[onCommandLine], secrets.vault] : [];
      return given.reduce((text, own) => text.replaceAll(own, ''), `${command}\n${environment}`);
    })
    .join('\n');
}

/** The secrets that the supervisor makes for its children, with the program that was given each. */
function madeSecrets(place: Place) {
  const names = ['PM_WEBHOOK_SECRET', 'SUPERVISOR_EVENTS_TOKEN'];
  return place.survivors().flatMap(({ pid, command }) =>
    readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .map((line) => ({ name: line.split('=')[0] ?? '', value: line.split('=')[1] ?? '' }))
      .filter(({ name, value }) => names.includes(name) && value !== '')
      .map((secret) => ({ ...secret, program: /[\w-]+\.js/.exec(command)?.[0] ?? command })),
  );
}

function filesOf(place: Place): readonly string[] {
  return readdirSync(place.folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(place.folder, name)).isFile(),
  );
}

/** Byte for byte, so that a database can be searched, too. */
function readText(place: Place, name: string): string {
  return readFileSync(join(place.folder, name), 'latin1');
}

/** Files that hold a secret, but the configuration and its copies, which only their user can read. */
function filesWithSecrets(place: Place): readonly string[] {
  const files = filesOf(place);
  expect(files).toEqual(expect.arrayContaining(['ports.json', join('data', 'logs', 'keyed.log')]));
  return files.flatMap((name) => {
    const found = secretsIn(readText(place, name));
    const isCopy = name === 'supervisor.toml' || /(^|\/)(config-history|last-good)-/.test(name);
    const isPrivate =
      name === 'supervisor.toml' || (statSync(join(place.folder, name)).mode & 0o077) === 0;
    return found.length === 0 || (isCopy && isPrivate) ? [] : [`${name}: ${found.join(', ')}`];
  });
}

test.runIf(hasProc)(
  'W36 no port of the program or its children is open to the network',
  { timeout: 60_000 },
  async () => {
    const bridged = {
      name: 'bridged',
      transport: 'stdio',
      min_instances: 1,
      command: process.execPath,
      args: ['-e', idle],
    };
    await using supervisor = await startSupervisor({ servers: [bridged] });
    const listening = await until(
      () => {
        const found = listenersOf(supervisor.place);
        return found.length >= 6 ? found : null;
      },
      // Gateway, page, TCP, an instance, the dashboard, the bridge.
      { what: 'six listening ports', instead: () => listenersOf(supervisor.place) },
    );
    expect(listening.filter((address) => !isLoopback(address))).toEqual([]);
  },
);

/** proc_net_tcp(5) writes addresses as they lie in memory: 127.0.0.1 and ::1 on a little-endian machine. */
const loopbackAddresses = ['0100007F', '00000000000000000000000001000000'];

const isLoopback = (address: string) => loopbackAddresses.includes(address.split(':')[0] ?? '');

/** The local addresses on which the processes of a place listen, as the kernel writes them. */
function listenersOf(place: Place): readonly string[] {
  const owned = new Set(place.survivors().flatMap(({ pid }) => socketsOf(pid)));
  const listening = '0A';
  return ['tcp', 'tcp6'].flatMap((family) =>
    readFileSync(`/proc/net/${family}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === listening && owned.has(fields[9] ?? ''))
      .map((fields) => fields[1] ?? ''),
  );
}

/** The inodes of a process' sockets; none when it has gone. */
function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}
