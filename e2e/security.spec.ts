/**
 * Electron's security checklist (docs/tutorial/security.md; S1 to S20 are its numbers, S+ is what this
 * project adds), as far as the running application shows it. Parts of it are tested where they are made:
 * `main/desktop/*.test.ts`, and the fuses (S19) in `scripts/package.test.ts`.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, type Page } from 'playwright/test';
import { backendName } from './backends.ts';
import type { DesktopApp } from './desktop-app.ts';
import { sharedDesktop, snapshotThrough, test, visiblePage } from './desktop-fixture.ts';
import type { DoubleApp } from './double/launch.ts';

const root = join(import.meta.dirname, '..');

/** The double notes what Electron only obeys. */
function needDouble(app: DesktopApp): DoubleApp {
  const { double } = app;
  test.skip(double === null, 'Electron does not tell what it was given; the double does.');
  if (double === null) throw new Error('There is no double.');
  return double;
}

/** What comes of `fetch`, in the page: a status, or `blocked`. */
async function fetched(page: Page, address: string): Promise<number | 'blocked'> {
  return await page.evaluate(
    (url) =>
      fetch(url).then(
        ({ status }) => status,
        () => 'blocked' as const,
      ),
    address,
  );
}

/** The page did not leave and still has its supervisor. */
async function expectStillThere(page: Page, address: string): Promise<void> {
  expect((await snapshotThrough(page)).stopping).toBe(false);
  expect(page.url()).toBe(address);
}

test('S16 Electron is pinned to one version, of a line that is still maintained', async () => {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(devDependencies.electron).toMatch(/^\d+\.\d+\.\d+$/);
  expect(Number.parseInt(devDependencies.electron, 10)).toBeGreaterThanOrEqual(45);
});

test.describe(`on ${backendName()}`, () => {
  const desktop = sharedDesktop({ args: [] });

  async function statusPage(): Promise<[DesktopApp, Page]> {
    const { app } = desktop();
    return [app, await visiblePage(app)];
  }

  test('S1 S+ a page loads nothing but the bundle: neither the web nor a port of this machine', async () => {
    const [app, page] = await statusPage();
    expect(page.url()).toMatch(/^(app:\/\/bundle|https:\/\/bundle\.app\.double)\//);
    const server = createServer((_request, response) => response.end('reached'));
    let reached = false;
    server.on('connection', () => {
      reached = true;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const { mcpUrl } = await snapshotThrough(page);
    for (const address of [
      'https://example.org/',
      `http://127.0.0.1:${port}/`,
      mcpUrl ?? '',
      'file:///etc/passwd',
    ]) {
      expect(await fetched(page, address), address).toBe('blocked');
    }
    // The policy of the page says no; without a policy the application's own check still does.
    const allowed = async (url: string) => await app.double?.allowsRequest(url, 'xhr');
    if (app.double !== null) {
      expect([await allowed(`http://127.0.0.1:${port}/`), await allowed('app://bundle/x')]).toEqual(
        [false, true],
      );
    }
    server.close();
    expect(reached).toBe(false);
  });

  test('S2 S3 S4 S6 S8 S9 S10 S11 each window is isolated and sandboxed, and no safeguard is off', async () => {
    const [app] = await statusPage();
    const double = needDouble(app);
    await app.clickMenu('Edit Config');
    await expect.poll(async () => (await double.windows()).length).toBe(2);
    for (const { webPreferences } of await double.windows()) {
      const { preload, ...rest } = webPreferences;
      expect(preload).toMatch(/out[\\/]preload[\\/]index\.cjs$/);
      // All there is: webSecurity, insecure content, experimental and Blink features stay untouched.
      expect(rest).toEqual({
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
      });
    }
    const editor = await app.pageAt('config.html');
    await editor?.waitForLoadState();
    await editor?.close();
    await expect.poll(async () => (await double.windows()).length).toBe(1);
  });

  test('S2 S3 the page has no Node, no Electron and nothing of the preload script', async () => {
    const [, page] = await statusPage();
    const names = ['require', 'process', 'module', 'Buffer', 'global', 'ipcRenderer', '__double'];
    const kinds = await page.evaluate(
      (all) => all.map((name) => typeof Reflect.get(globalThis, name)),
      names,
    );
    expect(kinds).toEqual(names.map(() => 'undefined'));
  });

  test('S4 a renderer runs in the sandbox of the operating system', async () => {
    const [app, page] = await statusPage();
    test.skip(app.backend === 'double', 'The double has no sandbox of its own; run on Electron.');
    test.skip(process.getuid?.() === 0, 'Root cannot set up the sandbox (crbug.com/638180).');
    expect(await page.evaluate(() => typeof Reflect.get(globalThis, 'process'))).toBe('undefined');
  });

  test('S5 no permission is given, whether asked for, checked or for a device', async () => {
    const [app] = await statusPage();
    const double = needDouble(app);
    for (const permission of ['media', 'geolocation', 'notifications', 'clipboard-read', 'hid']) {
      expect(await double.askPermission(permission), permission).toEqual([false, false, false]);
    }
  });

  test('S7 under the page’s policy no inline script, no eval and no frame runs', async () => {
    const [, page] = await statusPage();
    const outcome = await page.evaluate(`(async () => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.intruder = true;';
      document.body.append(script);
      // Later, because what a test evaluates is exempt from the policy.
      const evaluated = new Promise((resolve) => setTimeout(() => {
        try {
          resolve(new Function('return "evaluated"')());
        } catch (error) {
          resolve(error.name);
        }
      }));
      const framed = new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => {
          if (event.effectiveDirective === 'frame-src') resolve('blocked');
        });
      });
      const frame = document.createElement('iframe');
      frame.src = 'https://example.org/';
      document.body.append(frame);
      return [typeof globalThis.intruder, await evaluated, await framed];
    })()`);
    expect(outcome).toEqual(['undefined', 'EvalError', 'blocked']);
    await page.reload(); // Without the script and the frame.
  });

  test('S13 a page cannot navigate away, by address, link or form', async () => {
    const [, page] = await statusPage();
    const address = page.url();
    for (const way of [
      `document.location.href = 'https://example.org/'`,
      `const link = document.createElement('a');
       link.href = 'https://bundle.example.org/';
       document.body.append(link);
       link.click();`,
      `const form = document.createElement('form');
       form.action = 'https://example.org/';
       document.body.append(form);
       form.submit();`,
    ]) {
      await page.evaluate(`{ ${way} }`);
      await expectStillThere(page, address);
    }
    await page.reload(); // Without the link and the form.
  });

  test('S13 each way to navigate is asked about, and only the bundle is allowed', async () => {
    const [app] = await statusPage();
    const double = needDouble(app);
    const [window] = await double.windows();
    const may = (url: string) => double.mayNavigate(window?.id ?? 0, url);
    expect(await may('app://bundle/config.html')).toBe(true);
    for (const url of [
      'https://example.org/',
      'app://bundle.example.org/',
      'app://bundle@example.org/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'data:text/html,x',
    ]) {
      expect(await may(url), url).toBe(false);
    }
  });

  test('S14 a page opens no window', async () => {
    const [app, page] = await statusPage();
    const address = page.url();
    await page.evaluate(`open('https://example.org/'); open('about:blank');`);
    await expectStillThere(page, address);
    await expect.poll(() => page.context().pages().length).toBe(1);
    if (app.double !== null) expect(await app.double.windows()).toHaveLength(1);
  });

  test('S15 only web addresses reach the system’s browser', async () => {
    const [app, page] = await statusPage();
    const double = needDouble(app);
    const opened = () => double.records.filter(({ kind }) => kind === 'openExternal');
    const before = opened().length;
    const open = (address: unknown) =>
      page.evaluate(
        (url) =>
          Reflect.get(globalThis, 'supervisor')
            .call('openExternal', url)
            .then(
              () => 'opened',
              (error: Error) => error.message,
            ),
        address,
      );
    for (const address of ['file:///etc/passwd', 'smb://host/share', 'javascript:1', '', null]) {
      expect(await open(address)).toBe('Only http and https addresses are opened.');
    }
    expect(await open('https://example.org/docs')).toBe('opened');
    expect(opened().slice(before)).toEqual([
      { kind: 'openExternal', value: 'https://example.org/docs' },
    ]);
  });

  test('S17 S+ the page may ask what the contract has, and nothing of any size', async () => {
    const [, page] = await statusPage();
    const answers = await page.evaluate(async () => {
      const bridge = Reflect.get(globalThis, 'supervisor');
      const ask = (name: unknown, argument: unknown) =>
        bridge.call(name, argument).then(
          () => 'answered',
          (error: Error) => error.message,
        );
      return [
        await ask('exit', null),
        await ask('__proto__', null),
        await ask('control', { type: 'Restart', service: 'x'.repeat(5_000_000) }),
      ];
    });
    expect(answers).toEqual([
      'There is no such call.',
      'There is no such call.',
      expect.stringMatching(/^The argument is larger than \d+ bytes\.$/),
    ]);
  });

  test('S18 the page’s scheme serves the built page and no other file', async () => {
    const [, page] = await statusPage();
    for (const path of [
      '/..%2f..%2fpackage.json',
      '/%2e%2e/main/index.js',
      '/..%5c..%5cpackage.json',
      '/assets/..%2f..%2fpreload/index.cjs',
      '//etc/passwd',
    ]) {
      const url = new URL(page.url());
      expect(await fetched(page, `${url.protocol}//${url.host}${path}`), path).toBe(404);
    }
    expect(await fetched(page, page.url())).toBe(200);
  });

  test('S20 the bridge has two functions, and hands out neither IPC nor events', async () => {
    const [, page] = await statusPage();
    const bridge = await page.evaluate(async () => {
      const it = Reflect.get(globalThis, 'supervisor');
      const { promise, resolve } = Promise.withResolvers<readonly unknown[]>();
      const leave = it.listen('snapshot', (...given: readonly unknown[]) => resolve(given));
      const given = await promise;
      leave();
      return {
        names: Object.keys(it).sort(),
        kinds: Object.values(it).map((each) => typeof each),
        frozen: Object.isFrozen(it),
        given: given.map((each) => typeof each),
        first: Object.keys(given[0] as object).includes('services'),
      };
    });
    expect(bridge).toEqual({
      names: ['call', 'listen'],
      kinds: ['function', 'function'],
      frozen: true,
      given: ['object'],
      first: true,
    });
  });

  test('S+ the page is never told the token of the page for browsers', async () => {
    const [, page] = await statusPage();
    const token = (await readFile(join(desktop().folder, 'data/control-token'), 'utf8')).trim();
    expect(token.length).toBeGreaterThan(20);
    const known = await page.evaluate(async () => {
      const bridge = Reflect.get(globalThis, 'supervisor');
      const answers = await Promise.all(
        ['Snapshot', 'GetConfig', 'Doctor', 'WhoAmI'].map((type) =>
          bridge.call('control', { type }),
        ),
      );
      return JSON.stringify(answers);
    });
    expect(known + (await page.content())).not.toContain(token);
  });
});
