/** The built-in terminal, from a page's WebSocket to a real shell and back. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { patience } from '../../test/patience.ts';
import { type RigOptions, TerminalRig, TestPage, token } from './terminal.test-helper.ts';

const rigs: TerminalRig[] = [];

async function rigOf(options?: RigOptions): Promise<TerminalRig> {
  const rig = await TerminalRig.create(options);
  rigs.push(rig);
  return rig;
}

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig[Symbol.asyncDispose]();
});

describe.skipIf(process.platform === 'win32')('the terminal', () => {
  test('opening the page starts the shell, in the size of the page and at home', async () => {
    const rig = await rigOf();
    expect(rig.terminal.status()).toMatchObject({
      name: 'interactive_terminal',
      kind: 'interactive_terminal',
      state: 'stopped',
      onDemand: true,
      url: `${rig.url}terminal.html`,
    });
    const page = await rig.page().join(97, 31);
    await page.sees('prompt>');
    page.type('stty size; echo "at $PWD"\n');
    await page.sees('31 97');
    await page.sees('at /');
    expect(rig.terminal.state).toBe('ready');
    expect(rig.terminal.status().pid).toBeGreaterThan(0);
  });

  test('when the last page has left, the shell and all its jobs end', async () => {
    const rig = await rigOf({ lingerMs: 50 });
    const page = await rig.page().join();
    await page.sees('prompt>');
    page.type('sleep 1000 & setsid sleep 1001 & echo jobs=$((1+1))\n');
    await page.sees('jobs=2');
    await vi.waitFor(
      async () => expect((await rig.processes()).length).toBeGreaterThan(2),
      patience,
    );
    page.leave();
    await rig.until('stopped');
    expect(await rig.processes()).toEqual([]);
    expect(rig.terminal.status().reason).toBe('nobody looks at it any more');
  });

  test('a page that is loaded again finds its shell, with what it printed', async () => {
    const rig = await rigOf({ lingerMs: 30_000 });
    const first = await rig.page().join();
    await first.sees('prompt>');
    first.type('x=kept; echo before=$((1+1))\n');
    await first.sees('before=2');
    first.leave();
    await first.closed;
    const second = await rig.page().join();
    await second.sees('before=2');
    second.type('echo "x is $x"\n');
    await second.sees('x is kept');
    expect(rig.transitions.map(({ to }) => to)).toEqual(['starting', 'ready']);
  });

  test('several pages see the same, in a size that fits all', async () => {
    const rig = await rigOf();
    const wide = await rig.page().join(200, 20);
    await wide.sees('prompt>');
    const tall = await rig.page().join(90, 60);
    await vi.waitFor(
      () => expect(wide.told.at(-1)).toEqual({ type: 'size', columns: 90, rows: 20 }),
      patience,
    );
    tall.type('stty size\n');
    await Promise.all([wide.sees('20 90'), tall.sees('20 90')]);
    tall.leave();
    await vi.waitFor(
      () => expect(wide.told.at(-1)).toEqual({ type: 'size', columns: 200, rows: 20 }),
      patience,
    );
  });

  test('a shell that was left with an error is no failure, and its page is told', async () => {
    const rig = await rigOf();
    const page = await rig.page().join();
    await page.sees('prompt>');
    page.type('exit 3\n');
    expect(await page.closed).toBe(1000);
    expect(page.told.at(-1)).toEqual({ type: 'ended', reason: 'the shell ended with exit code 3' });
    await rig.until('stopped');
    expect(rig.terminal.status()).toMatchObject({ lastExit: { code: 3 }, lastError: null });
    const again = await rig.page().join();
    await again.sees('prompt>');
  });

  test('Stop ends it for everybody, Start begins it without anybody', async () => {
    const rig = await rigOf();
    await rig.terminal.start();
    const page = await rig.page().join();
    await page.sees('prompt>');
    await rig.terminal.stop('by hand');
    await page.closed;
    expect(page.told.at(-1)).toEqual({ type: 'ended', reason: 'by hand' });
    expect(await rig.processes()).toEqual([]);
  });

  test('a page that does not draw stops the program, which goes on when it draws again', async () => {
    const rig = await rigOf();
    const page = await rig.page().join();
    await page.sees('prompt>');
    page.draws = false;
    const before = page.output.length;
    page.type('seq 1 500000; echo the-end=$((1+1))\n');
    // Half a MiB is let out and no more, however long nobody draws.
    let seen = -1;
    await vi.waitFor(
      () => {
        const last = seen;
        seen = page.output.length;
        expect(seen > before + 512 * 1024 && seen === last).toBe(true);
      },
      { ...patience, interval: 200 },
    );
    expect(seen - before).toBeLessThan(1024 * 1024);
    page.draws = true;
    page.say({ type: 'read', bytes: page.output.length - before });
    await page.sees('the-end=2');
  });

  test('without the status page it fails with the cure', async () => {
    const rig = await rigOf({ withoutPage: true });
    await expect(rig.terminal.start()).rejects.toThrow(/\[gui_server\] enabled = true/);
    expect(rig.terminal.state).toBe('failed');
  });

  test.each([
    [{ shell: 'no-such-shell' }, /shell "no-such-shell" was not found.*Correct/],
    [{ working_dir: '/no/such/folder' }, /folder \/no\/such\/folder is missing.*Correct/],
  ])('%j fails with the cure, on the page too', async (settings, message) => {
    const rig = await rigOf({ settings });
    const page = await rig.page().join();
    await page.closed;
    expect(page.told.at(-1)).toMatchObject({
      type: 'ended',
      reason: expect.stringMatching(message),
    });
    expect(rig.terminal.state).toBe('failed');
  });
});

describe('who may come in', () => {
  test('nobody without the token, and no page of another origin with the cookie', async () => {
    const rig = await rigOf();
    const cookie = await cookieOf(`${rig.url}terminal.html?token=${token}`);
    const origin = rig.url.replace(/\/$/, '');
    expect(await rig.page({}).closed).toBe(401);
    expect(await rig.page({ authorization: 'Bearer wrong' }).closed).toBe(401);
    expect(await rig.page({ cookie, origin: 'http://evil.example' }).closed).toBe(403);
    expect(await rig.page({ cookie, origin: 'http://127.0.0.1:1' }).closed).toBe(403);
    expect(await rig.page({ cookie, host: 'evil.example' }).closed).toBe(403);
    expect(rig.terminal.state).toBe('stopped');
    const page = await rig.page({ cookie, origin }).join();
    await rig.until('ready');
    page.leave();
  });

  test('the address that we open in a browser is good for one visit and holds no token', async () => {
    const rig = await rigOf();
    const address = rig.door.withTicket(`${rig.url}terminal.html`);
    expect(address).toContain('ticket=');
    expect(address).not.toContain(token);
    const first = await fetch(address, { redirect: 'manual' });
    expect(first.status).toBe(303);
    expect(first.headers.get('location')).toBe('/terminal.html');
    expect(first.headers.get('set-cookie')).toContain('HttpOnly');
    expect((await fetch(address, { redirect: 'manual' })).status).toBe(401);
    expect((await fetch(`${rig.url}?ticket=`, { redirect: 'manual' })).status).toBe(401);
  });

  test('an address of somebody else gets no ticket', async () => {
    const rig = await rigOf();
    for (const other of [
      'http://evil.example/',
      `${rig.url}assets/x.js`,
      `${rig.url}@evil.example/`,
    ])
      expect(rig.door.withTicket(other)).toBe(other);
  });

  test('nonsense ends the connection, and nothing is typed before a page has joined', async () => {
    const rig = await rigOf();
    for (const nonsense of [
      { type: 'size', columns: 0, rows: 1 },
      { type: 'size', columns: 1e9, rows: 1 },
      { x: 1 },
    ]) {
      const page = rig.page();
      await vi.waitFor(() => page.say(nonsense), patience);
      expect(await page.closed).toBe(1008);
    }
    const first = await rig.page().join();
    await first.sees('prompt>');
    const early = rig.page();
    await vi.waitFor(() => early.type('echo early=$((1+1))\n'), patience);
    await early.join();
    early.type('echo later=$((1+1))\n');
    await first.sees('later=2');
    expect(first.output).not.toContain('early');
  });

  test('a door without a terminal has no such address', async () => {
    const rig = await rigOf();
    const socket = new WebSocket(`${rig.url.replace('http', 'ws')}elsewhere`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await new TestPage(socket).closed).toBe(404);
  });

  test('only the page of the terminal may have inline styles', async () => {
    const rig = await rigOf();
    const policyOf = async (path: string) =>
      (await fetch(`${rig.url}${path}`)).headers.get('content-security-policy') ?? '';
    expect(await policyOf('terminal.html')).toContain("style-src 'self' 'unsafe-inline'");
    expect(await policyOf('')).toContain("style-src 'self';");
    for (const path of ['', 'terminal.html'])
      expect(await policyOf(path)).toContain("script-src 'self';");
  });
});

async function cookieOf(address: string): Promise<string> {
  const answer = await fetch(address, { redirect: 'manual' });
  return answer.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
}
