/**
 * The built page with a supervisor that is only told: every state the page can show, at once and without
 * waiting for it. For what is about the page itself: how it looks, and who can use it.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { Page } from 'playwright/test';
import { stageReplies, stageSnapshot, stageUsage } from './stage-data.ts';

const root = join(import.meta.dirname, '..', 'out', 'renderer');

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** As strict as the doors that the page comes through (`page-door.ts`, `bundle-scheme.ts`). */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

export interface PageStage extends AsyncDisposable {
  /** Shows a view, e.g. `sessions`, and waits until it is there. */
  show(page: Page, view: string): Promise<void>;
}

export async function openPageStage(): Promise<PageStage> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://stage').pathname;
    const file = join(root, normalize(path === '/' ? '/index.html' : path));
    readFile(file).then(
      (bytes) => {
        const type = mediaTypes[extname(file)] ?? 'application/octet-stream';
        response.writeHead(200, { 'content-type': type, 'content-security-policy': policy });
        response.end(bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    show: async (page, view) => {
      await page.addInitScript({ content: bridgeScript() });
      await page.goto(`${url}#/${view}`);
      await page.getByRole('navigation', { name: 'Views' }).waitFor();
      await page.locator('main h2').first().waitFor();
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What the preload script puts there in Electron, saying always the same. */
function bridgeScript(): string {
  const now = Date.now();
  return `window.supervisor = (() => {
    const snapshot = ${JSON.stringify(stageSnapshot(now))};
    const replies = ${JSON.stringify(stageReplies(now))};
    const listeners = { snapshot: new Set(), events: new Set() };
    const tell = (name, news) => listeners[name].forEach((listener) => listener(news));
    // For tests of what the page does with news: stageTell.snapshot({ version: '2' }).
    window.stageTell = {
      snapshot: (news) => tell('snapshot', { ...snapshot, ...news }),
      events: (events) => tell('events', events),
    };
    const usage = ${JSON.stringify(stageUsage(now))};
    const measured = (services) => (each) => ({ ...each, ...services[each.name] });
    // The page gathers what was used by itself, from snapshot to snapshot: here two minutes at once.
    function tellUsage(listener) {
      const clock = Date.now;
      for (const { at, services } of usage) {
        Date.now = () => at;
        listener({
          ...snapshot,
          services: snapshot.services.map(measured(services)),
          instances: snapshot.instances.map(measured(services)),
        });
      }
      Date.now = clock;
    }
    function answer({ type, since }) {
      const data = replies[type] ?? {};
      // Nothing is printed any more.
      return type === 'Logs' && since !== undefined ? { ...data, lines: [] } : data;
    }
    return {
      call: async (name, argument) =>
        name === 'control' ? { ok: true, data: answer(argument) } : undefined,
      listen: (name, listener) => {
        if (name === 'snapshot') tellUsage(listener);
        listeners[name].add(listener);
        return () => listeners[name].delete(listener);
      },
    };
  })();`;
}
