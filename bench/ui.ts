/**
 * `node bench/ui.ts [seconds]`: what the page weighs, how soon it is seen, and what 1,000 events a second cost
 * it. Real supervisor, real browser (PM_TEST_CHROMIUM or the one that is found), built files (`out/`).
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium, type Page } from 'playwright/test';
import { findChromium } from '../e2e/backends.ts';
import { type RunningSupervisor, startSupervisor } from '../test/harness.ts';

const seconds = Number(process.argv[2] ?? 10);
const eventsPerSecond = 1_000;
/** Events are published in bursts of so many ms, as a busy machine would. */
const burstMs = 50;

/** What the page noticed of its own slowness. */
interface Slowness {
  readonly longTasks: readonly number[];
  readonly frames: number;
  readonly longestFrameGapMs: number;
  readonly listed: number;
}

const say = (line: string) => process.stdout.write(`${line}\n`);

async function tellSizes(): Promise<void> {
  const folder = join(import.meta.dirname, '..', 'out', 'renderer');
  const names = (await readdir(folder, { recursive: true })).filter((name) =>
    /\.(js|css|html)$/.test(name),
  );
  const sizes = await Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(folder, name));
      return { name, raw: bytes.length, gzip: gzipSync(bytes).length };
    }),
  );
  say('| file | bytes | gzip |\n|---|--:|--:|');
  for (const { name, raw, gzip } of sizes.toSorted((a, b) => b.gzip - a.gzip)) {
    say(`| ${name} | ${raw} | ${gzip} |`);
  }
}

/** What the first view fetches, and when it was seen. */
async function tellFirstPaint(page: Page, supervisor: RunningSupervisor): Promise<void> {
  const paints: number[] = [];
  const bodies: Promise<Buffer>[] = [];
  page.on('response', (response) => {
    if (/\.(js|css)$/.test(response.url())) bodies.push(response.body());
  });
  await page.goto(supervisor.loginUrl);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  const fetched = await Promise.all(bodies);
  page.removeAllListeners('response');
  for (let turn = 0; turn < 5; turn += 1) {
    await page.goto(supervisor.ports.page_url ?? '');
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
    paints.push(
      await page.evaluate<number>(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime",
      ),
    );
  }
  say(`first contentful paint, 5 loads: ${paints.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  const weight = fetched.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
  say(`the first view fetches ${fetched.length} scripts and styles, ${weight} bytes gzipped`);
}

async function underFlood(page: Page, supervisor: RunningSupervisor): Promise<Slowness> {
  await page.goto(`${supervisor.ports.page_url}#/events`);
  await page.getByRole('heading', { name: 'Live' }).waitFor();
  await page.evaluate(`
    window.slow = { longTasks: [], frames: 0, longestFrameGapMs: 0 };
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.slow.longTasks.push(duration);
    }).observe({ entryTypes: ['longtask'] });
    let before = performance.now();
    requestAnimationFrame(function frame(now) {
      window.slow.frames += 1;
      window.slow.longestFrameGapMs = Math.max(window.slow.longestFrameGapMs, now - before);
      before = now;
      requestAnimationFrame(frame);
    });`);
  await publish(supervisor);
  return await page.evaluate<Slowness>(
    "({ ...window.slow, listed: document.querySelectorAll('ol > li').length })",
  );
}

async function publish(supervisor: RunningSupervisor): Promise<void> {
  const startedAt = performance.now();
  let sent = 0;
  while (performance.now() - startedAt < seconds * 1_000) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * eventsPerSecond);
    const burst = Array.from({ length: due - sent }, (_none, index) => {
      const event = { event_type: 'test', message: `event ${sent + index}` };
      return supervisor.control({ type: 'PublishEvent', event });
    });
    await Promise.all(burst);
    sent += burst.length;
    await new Promise((resolve) => setTimeout(resolve, burstMs));
  }
  const took = (performance.now() - startedAt) / 1_000;
  say(`published ${sent} events in ${took.toFixed(1)} s: ${(sent / took).toFixed(0)} a second`);
}

const executablePath = findChromium();
if (executablePath === undefined) {
  throw new Error('There is no Chromium; set PM_TEST_CHROMIUM to the path of one.');
}
await tellSizes();
await using supervisor = await startSupervisor({ settings: { dashboard: { enabled: false } } });
const browser = await chromium.launch({
  executablePath,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const page = await browser.newPage();
  await tellFirstPaint(page, supervisor);
  const { longTasks, frames, longestFrameGapMs, listed } = await underFlood(page, supervisor);
  const total = longTasks.reduce((sum, each) => sum + each, 0);
  const longest = longTasks.reduce((most, each) => Math.max(most, each), 0);
  say(
    `long tasks (over 50 ms): ${longTasks.length}, ${total.toFixed(0)} ms in all, longest ${longest.toFixed(0)} ms`,
  );
  say(
    `frames: ${frames} in ${seconds} s, longest gap ${longestFrameGapMs.toFixed(0)} ms; ${listed} events listed`,
  );
} finally {
  await browser.close();
}
