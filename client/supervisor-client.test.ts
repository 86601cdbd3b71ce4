import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { maxLineBytes } from '../shared/control-protocol.ts';
import { until } from '../test/until.ts';
import { maxRequestBytes } from './connection.ts';
import { type Answer, FakeDoor, introduction } from './fake-door.test-helper.ts';
import { type ClientOptions, SupervisorClient } from './supervisor-client.ts';
import { SupervisorError } from './supervisor-error.ts';

async function doorAndClient(answer: Answer, options: ClientOptions = {}) {
  const door = await FakeDoor.open(answer);
  const client = new SupervisorClient({ address: door.path, ...options });
  onTestFinished(async () => {
    client.close();
    await door[Symbol.asyncDispose]();
  });
  return { door, client };
}

const echo: Answer = ({ id, type, service }, say) => {
  say({ ok: true, data: { type, service }, id });
};

test('requests overlap, and each gets its own answer in whatever order they come', async () => {
  const kept: (() => void)[] = [];
  const { client } = await doorAndClient(({ id, service }, say) => {
    kept.push(() => say({ ok: true, data: { service }, id }));
    if (kept.length === 3) for (const each of kept.toReversed()) each();
  });
  const names = ['a', 'b', 'c'];
  const replies = await Promise.all(
    names.map((service) => client.request('ServiceHealth', { service })),
  );
  expect(replies.map(({ service }) => service)).toEqual(names);
});

test('W18 a reply that comes after its request was given up is not taken for the next one', async () => {
  let late = () => {};
  const { client } = await doorAndClient(({ id, service }, say) => {
    if (service === 'slow') late = () => say({ ok: true, data: { service }, id });
    else {
      late();
      say({ ok: true, data: { service }, id });
    }
  });
  const slow = client.request('ServiceHealth', { service: 'slow' }, { timeoutMs: 50 });
  await expect(slow).rejects.toMatchObject({ code: 'no_reply' });
  const next = await client.request('ServiceHealth', { service: 'quick' });
  expect(next.service).toBe('quick');
});

test('a refusal carries its code and what it says besides', async () => {
  const { client } = await doorAndClient(({ id }, say) => {
    say({ ok: false, error: 'No.', code: 'config_invalid', data: { problems: [1] }, id });
  });
  await expect(client.request('SaveConfig', { text: '', base_hash: '' })).rejects.toMatchObject({
    code: 'config_invalid',
    message: 'No.',
    details: { problems: [1] },
  });
});

test('a line separator of Unicode inside of a reply breaks nothing', async () => {
  const text = 'one\u2028two\u2029three\u0085';
  const { client } = await doorAndClient(({ id }, say) => {
    say({ ok: true, data: { service: text }, id });
  });
  expect((await client.request('ServiceHealth', { service: 'x' })).service).toBe(text);
});

test('many requests at once share one connection', async () => {
  const { door, client } = await doorAndClient(echo);
  await Promise.all([client.request('Status'), client.request('Status'), client.connect()]);
  expect(door.requests.filter(({ type }) => type === 'WhoAmI')).toHaveLength(1);
});

test('a request that was lost on the way is told so; the next one connects anew', async () => {
  const { door, client } = await doorAndClient((request, say, socket) => {
    if (request['service'] === 'fatal') socket.destroy();
    else echo(request, say, socket);
  });
  const lost = client.request('Restart', { service: 'fatal' });
  await expect(lost).rejects.toMatchObject({ code: 'disconnected' });
  await client.request('Status');
  expect(door.requests.filter(({ type }) => type === 'Restart')).toHaveLength(1);
  await door.away();
  const isTold = () =>
    client.request('Status').then(
      () => false,
      (error: unknown) => error instanceof SupervisorError && error.code === 'not_running',
    );
  await until(isTold, { what: 'that nobody is there' });
  await door.listen();
  await client.request('Status');
});

test('an answer that is no protocol ends the connection', async () => {
  const { client } = await doorAndClient((_request, say) => say('HTTP/1.1 400 Bad Request'));
  await expect(client.request('Status')).rejects.toMatchObject({ code: 'disconnected' });
});

test('a request ends with its signal, and the connection lives on', async () => {
  const { client } = await doorAndClient((request, say, socket) => {
    if (request.type !== 'Stop') echo(request, say, socket);
  });
  const end = new AbortController();
  const waiting = client.request('Stop', { service: 'x' }, { signal: end.signal });
  end.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await client.request('Status');
});

test('closing ends what waits, and a closed client says so', async () => {
  const { client } = await doorAndClient(() => {});
  const waiting = client.request('Status');
  await client.connect();
  client.close();
  await expect(waiting).rejects.toMatchObject({ code: 'disconnected' });
  await expect(client.request('Status')).rejects.toThrow('closed');
});

test('one that accepts and says nothing is given up in time', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  using client = new SupervisorClient({ address: port, connectTimeoutMs: 100 });
  await expect(client.connect()).rejects.toMatchObject({ code: 'not_running' });
});

test('what would be refused without an id is not even sent', async () => {
  expect(maxRequestBytes).toBe(maxLineBytes);
  const { client } = await doorAndClient(echo);
  const message = 'x'.repeat(maxRequestBytes);
  await expect(client.request('EmitTestEvent', { message })).rejects.toMatchObject({
    code: 'too_large',
  });
});

/** A home of its own, so that nothing of the person who tests is found. */
async function home() {
  const folder = await mkdtemp(join(tmpdir(), 'pm-home-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, 'supervisor.toml');
  await mkdir(join(folder, 'run'), { mode: 0o700 });
  return { folder, config, env: { XDG_RUNTIME_DIR: join(folder, 'run') } };
}

test('a supervisor is found by ports.json, over its socket and over TCP', async () => {
  const door = await FakeDoor.open(echo);
  const { folder, config, env } = await home();
  const ports = { supervisor_pid: process.pid, control_socket: door.path, services: {} };
  await writeFile(join(folder, 'ports.json'), JSON.stringify(ports));
  using client = new SupervisorClient({ configPath: config, env });
  expect((await client.connect()).pid).toBe(process.pid);
  await door[Symbol.asyncDispose]();
});

test('whoever took over the port of a dead supervisor is not taken for it', async () => {
  const { folder, config, env } = await home();
  const impostor = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const { id } = JSON.parse(String(bytes)) as { id: number };
      socket.write(`${JSON.stringify({ ok: true, data: introduction, id })}\n`);
    });
  });
  await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void impostor.close());
  const { port } = impostor.address() as AddressInfo;
  const write = (pid: number) =>
    writeFile(
      join(folder, 'ports.json'),
      JSON.stringify({ supervisor_pid: pid, services: { control_tcp: port } }),
    );
  await write(process.pid + 1);
  using client = new SupervisorClient({ configPath: config, env });
  await expect(client.connect()).rejects.toMatchObject({ code: 'not_running' });
  await write(process.pid);
  expect((await client.connect()).pid).toBe(process.pid);
});

test('a watch tells of connection and data, waits for one that is away, and goes on', async () => {
  let news = (_data: object) => {};
  const { door, client } = await doorAndClient(({ id, type }, say) => {
    if (type !== 'Watch') return;
    say({ ok: true, data: { watching: true, topics: ['snapshot'] }, id });
    news = (data) => say({ type: 'watch', id, topic: 'snapshot', data });
    news({ pid: 1 });
  });
  const seen: unknown[] = [];
  const watching = (async () => {
    for await (const { topic, data } of client.watch({ topics: ['snapshot'] })) {
      seen.push(topic === 'connection' ? data.connected : data.pid);
    }
  })();
  await until(() => seen.length === 2, { what: 'the first snapshot', instead: () => seen });
  await door.away();
  await until(() => seen.at(-1) === false, { what: 'the loss', instead: () => seen });
  await door.listen();
  await until(() => seen.length === 5, { what: 'the return', instead: () => seen });
  news({ pid: 2 });
  await until(() => seen.length === 6, { what: 'news', instead: () => seen });
  expect(seen).toEqual([true, 1, false, true, 1, 2]);
  client.close();
  await watching;
});

test('who reads a watch slowly holds up the supervisor, and loses nothing that it sent', async () => {
  const lines = 300;
  const filler = 'x'.repeat(100_000);
  let sent = 0;
  const { client } = await doorAndClient(({ id }, say, socket) => {
    say({ ok: true, data: { watching: true, topics: ['events'] }, id });
    const next = () => {
      if (sent === lines) return;
      const line = { type: 'watch', id, topic: 'events', data: [{ id: sent, filler }] };
      socket.write(`${JSON.stringify(line)}\n`, () => {
        sent += 1;
        next();
      });
    };
    next();
  });
  let count = 0;
  for await (const item of client.watch({ topics: ['events'] })) {
    if (item.topic === 'connection') continue;
    expect(item.data[0]?.id).toBe(count);
    count += 1;
    if (count === lines) break;
    if (count > 1) continue;
    const isAtRest = async () => {
      const before = sent;
      await delay(200);
      return sent === before;
    };
    await until(isAtRest, { what: 'the stream to come to rest' });
    expect(sent).toBeLessThan(lines / 2);
  }
  expect(count).toBe(lines);
});

test('a watch that is refused says why', async () => {
  const { client } = await doorAndClient(({ id }, say) => {
    say({ ok: false, error: 'There is no service "x".', code: 'unknown_service', data: null, id });
  });
  await expect(client.watch({ topics: ['logs'], service: 'x' }).next()).rejects.toMatchObject({
    code: 'unknown_service',
  });
});
