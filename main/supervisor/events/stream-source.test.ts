import { expect, test } from 'vitest';
import { soon, startScript } from './events.test-helper.ts';
import { serve, tempFolder } from './room.test-helper.ts';
import { eventOf, frameOf, StreamRig, status, stream } from './stream-rig.test-helper.ts';

const spellings: Readonly<Record<string, string>> = {
  'with spaces': 'event: mcp_event\ndata: EVENT\n\n',
  'without spaces': 'event:mcp_event\ndata:EVENT\n\n',
  'with CRLF': 'event: mcp_event\r\ndata: EVENT\r\n\r\n',
  'with CR': 'event: mcp_event\rdata: EVENT\r\r',
  'without a name': 'data: EVENT\n\n',
  'after comments': ':\n: heartbeat\n\n:heartbeat\n\nevent: mcp_event\n: between\ndata: EVENT\n\n',
  'after a byte order mark': '\uFEFFevent: mcp_event\ndata: EVENT\n\n',
  'with unknown fields': 'retry: 10\nfoo: bar\nevent\nid: 7\nevent: mcp_event\ndata: EVENT\n\n',
  'data first': 'data: EVENT\nid: 5\nevent: mcp_event\n\n',
};

test.each(Object.keys(spellings))('W5 an event is understood %s', async (name) => {
  const text = (spellings[name] ?? '').replace('EVENT', eventOf('evt_1'));
  const rig = await StreamRig.start(stream(text));
  const source = rig.source();
  await soon(() => expect(rig.published).toEqual(['evt_1']));
  const expected = { event_type: 'plan_created', source: 'stream:dashboard' };
  expect(rig.channel.recent(1)[0]?.data).toMatchObject(expected);
  expect(source.status()).toMatchObject({
    name: 'dashboard',
    kind: 'stream',
    state: 'connected',
    url: rig.url,
    received: 1,
    perMinute: 1,
    lastError: null,
    nextRetryAt: null,
  });
});

test('W5 data may have several lines, and bytes may come one by one', async () => {
  const json = JSON.stringify(JSON.parse(eventOf('evt_日本_🎉')), null, 2);
  const lines = json.replace(/^/gm, 'data: ').replaceAll('\n', '\r\n');
  const bytes = [...Buffer.from(`event: mcp_event\r\n${lines}\r\n\r\n`)];
  const rig = await StreamRig.start((response) => {
    stream()(response);
    response.socket?.setNoDelay(true);
    const next = () => {
      const byte = bytes.shift();
      if (byte === undefined) return;
      response.write(Buffer.of(byte));
      setImmediate(next);
    };
    next();
  });
  rig.source();
  await soon(() => expect(rig.published).toEqual(['evt_日本_🎉']));
});

test('what is not for us is passed over; garbage is counted and said', async () => {
  const rig = await StreamRig.start(
    stream(
      'event: connected\ndata: {"connected":true}\n\n',
      'event: gap\ndata: {"from":1,"to":2,"reason":"lagged"}\n\n',
      'event: mcp_event\ndata: {"no":"event"}\n\n',
      'event: mcp_event\ndata: {broken\n\n',
      frameOf('evt_1'),
    ),
  );
  const source = rig.source();
  await soon(() => expect(rig.published).toEqual(['evt_1']));
  expect(rig.ingest.rejected).toBe(2);
  expect(rig.log.saying('event of a source refused')).toHaveLength(2);
  expect(source.status()).toMatchObject({ state: 'connected', received: 3 });
});

test('it says who it is and asks for a stream', async () => {
  const rig = await StreamRig.start(stream());
  const headers = { authorization: 'Bearer t', 'x-other': '1' };
  rig.source({ target: { url: () => rig.url, headers } });
  await soon(() => expect(rig.requests).toHaveLength(1));
  expect(rig.requests[0]?.headers).toMatchObject({ accept: 'text/event-stream', ...headers });
  expect(rig.requests[0]?.headers).not.toHaveProperty('last-event-id');
});

test('retryNow tries at once, and only while it waits', async () => {
  const rig = await StreamRig.start(status(503), stream());
  const timings = { retryDelaysMs: [60_000], goodAfterMs: 100, stallTimeoutMs: 5_000 } as const;
  const source = rig.source({ timings });
  await soon(() => expect(source.status().state).toBe('waiting'));
  source.retryNow();
  source.retryNow();
  await soon(() => expect(source.status().state).toBe('connected'));
  source.retryNow();
  expect(source.status().state).toBe('connected');
  expect(rig.requests).toHaveLength(2);
});

test('while the program behind it is down it waits to be told', async () => {
  let url: string | null = null;
  const rig = await StreamRig.start(stream());
  const source = rig.source({ target: { url: () => url } });
  expect(source.status()).toMatchObject({
    state: 'waiting',
    url: null,
    lastError: 'its service is not running',
    nextRetryAt: null,
  });
  url = rig.url;
  source.retryNow();
  await soon(() => expect(source.status()).toMatchObject({ state: 'connected', lastError: null }));
});

test('stopped in whatever state, it holds neither timer nor socket', async () => {
  await using folder = await tempFolder();
  const byPath = new Map([
    ['/connecting', () => {}],
    ['/connected', stream(':\n\n')],
    ['/waiting', status(503)],
  ]);
  await using server = await serve((request, response) => {
    byPath.get(request.url ?? '')?.(response);
  });
  await using script = await startScript(
    folder,
    `import { StreamSource } from '%stream-source.ts%';
     const logger = { info() {}, warn() {} };
     const sources = ${JSON.stringify([...byPath.keys()])}.map((path) => new StreamSource({
       name: path.slice(1), target: { url: () => '${server.url}' + path }, ingest: () => null, logger,
     }));
     for (const source of sources) source.start();
     const timer = setInterval(() => {
       if (sources.some((source) => source.status().state !== source.status().name)) return;
       clearInterval(timer);
       for (const source of sources) source.stop();
       console.log(sources.map((source) => source.status().state).join());
     }, 10);`,
  );
  await soon(() => expect(script.lines).toEqual(['idle,idle,idle']));
  // Whatever it held would keep the process alive, or bring it to try again.
  expect(await script.exited()).toBe(0);
});

test('stopped and started again it is as new', async () => {
  const rig = await StreamRig.start(stream());
  const source = rig.source();
  await soon(() => expect(source.status().state).toBe('connected'));
  source.stop();
  expect(source.status()).toMatchObject({ state: 'idle', nextRetryAt: null });
  source.retryNow();
  expect(source.status().state).toBe('idle');
  source.start();
  source.start();
  await soon(() => expect(source.status().state).toBe('connected'));
  expect(rig.requests).toHaveLength(2);
});

test('while events are off nothing enters', async () => {
  const rig = await StreamRig.start(stream(frameOf('evt_1')));
  const source = rig.source({ ingest: () => null });
  await soon(() => expect(source.status().state).toBe('connected'));
  expect(source.status().received).toBe(0);
  expect(rig.channel.lastId).toBe(0);
});
