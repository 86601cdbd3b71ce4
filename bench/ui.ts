/**
 * `node bench/ui.ts [seconds]`: what the page weighs, how soon it is seen, and what 1,000 events and 10,000
 * log lines a second cost it. Real supervisor, real browser (PM_TEST_CHROMIUM or the one that is found), built
 * files (`out/`). The browser traces itself: a task is told by the time of the clock, and by the processor's time
 * of the page's thread, which other work on the machine does not lengthen.
 */
import { readdir, readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { CDPSession, Page } from 'playwright/test';
import { launchChromium } from '../e2e/backends.ts';
import { type RunningSupervisor, startSupervisor } from '../test/harness.ts';

const seconds = Number(process.argv[2] ?? 10);
const eventsPerSecond = 1_000;
/** Events are published in bursts of so many ms, as a busy machine would. */
const burstMs = 50;
/** A display that shows 60 pictures a second has so many ms for each. */
const frameMs = 1_000 / 60;
/** The browser calls a task long from here on, in ms. */
const longTaskMs = 50;

/** 1,000 lines ten times a second, for as long as it runs. */
const flood = `
  let n = 0;
  setInterval(() => {
    let text = '';
    for (let i = 0; i < 1000; i += 1) text += 'flood line ' + ++n + ' of a program that says too much\\n';
    process.stdout.write(text);
  }, 100);
`;

/** One task of the page's thread, in ms. */
interface Task {
  readonly clock: number;
  readonly processor: number;
}

/** What a trace holds of an event; times in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** What the page noticed of its own slowness. */
interface Frames {
  readonly frames: number;
  /** Frames that a display of 60 a second would have missed. */
  readonly dropped: number;
  readonly longestGapMs: number;
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

/** When something was first seen; the browser says it a moment after the page has drawn it. */
const firstPaint = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) {
      if (name === 'first-contentful-paint') resolve(startTime);
    }
  }).observe({ type: 'paint', buffered: true });
})`;

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
    paints.push(await page.evaluate<number>(firstPaint));
  }
  say(`first contentful paint, 5 loads: ${paints.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  const weight = fetched.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
  say(`the first view fetches ${fetched.length} scripts and styles, ${weight} bytes gzipped`);
}

/** Traces the page while `work` goes on, and says what its tasks and frames were. */
async function tellSlowness(page: Page, what: string, work: () => Promise<void>): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await page.evaluate(`
    window.slow = { frames: 0, dropped: 0, longestGapMs: 0 };
    const mine = window.slow;
    let before = performance.now();
    requestAnimationFrame(function frame(now) {
      const gapMs = now - before;
      mine.frames += 1;
      mine.dropped += Math.max(0, Math.round(gapMs / ${frameMs}) - 1);
      mine.longestGapMs = Math.max(mine.longestGapMs, gapMs);
      before = now;
      if (mine === window.slow) requestAnimationFrame(frame);
    });`);
  const [tasks] = await Promise.all([tracedTasks(session, seconds * 1_000), work()]);
  const { frames, dropped, longestGapMs } = await page.evaluate<Frames>('window.slow');
  const busyMs = tasks.reduce((sum, { processor }) => sum + processor, 0);
  const long = tasks.filter(({ clock }) => clock > longTaskMs).length;
  const overFrame = tasks.filter(({ processor }) => processor > frameMs).length;
  say(
    `${what}: longest task ${longest(tasks, 'clock')} ms (of the processor ${longest(tasks, 'processor')}), ` +
      `${long} over ${longTaskMs} ms, ${overFrame} with more than a frame of work; ` +
      `${frames} frames, ${dropped} dropped, longest gap ${longestGapMs.toFixed(0)} ms; ` +
      `the page's thread was busy ${(busyMs / seconds / 10).toFixed(0)} % of the time`,
  );
  await session.detach();
}

function longest(tasks: readonly Task[], of: keyof Task): string {
  return tasks.reduce((most, task) => Math.max(most, task[of]), 0).toFixed(0);
}

async function tracedTasks(session: CDPSession, ms: number): Promise<readonly Task[]> {
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    events.push(...(value as unknown as TraceEvent[]));
  });
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'disabled-by-default-devtools.timeline'] },
  });
  await new Promise((resolve) => setTimeout(resolve, ms));
  const complete = new Promise<void>((resolve) => {
    session.once('Tracing.tracingComplete', () => resolve());
  });
  await session.send('Tracing.end');
  await complete;
  return pageTasks(events);
}

/** The tasks of the one thread that draws a page. */
function pageTasks(events: readonly TraceEvent[]): readonly Task[] {
  const threads = new Set(
    events
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return events
    .filter(({ name, pid, tid }) => name.endsWith('RunTask') && threads.has(`${pid} ${tid}`))
    .map(({ dur = 0, tdur = 0 }) => ({ clock: dur / 1_000, processor: tdur / 1_000 }));
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

await tellSizes();
say(`load of the machine before the run: ${loadavg()[0]?.toFixed(2)}`);
await using supervisor = await startSupervisor({
  settings: { dashboard: { enabled: false } },
  servers: [{ name: 'flood', command: process.execPath, args: ['-e', flood] }],
});
await supervisor.control({ type: 'Stop', service: 'flood' });
const browser = await launchChromium();
try {
  const page = await browser.newPage();
  await tellFirstPaint(page, supervisor);
  await page.goto(`${supervisor.ports.page_url}#/events`);
  await page.getByRole('heading', { name: 'Live' }).waitFor();
  await tellSlowness(page, 'at rest', async () => {});
  await tellSlowness(page, '1,000 events a second, events view', () => publish(supervisor));
  await supervisor.control({ type: 'Start', service: 'flood' });
  await page.goto(`${supervisor.ports.page_url}#/logs/flood`);
  await page
    .getByText(/flood line \d+ of/)
    .first()
    .waitFor();
  await tellSlowness(page, '10,000 log lines a second, logs view', async () => {});
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('7 of');
  await tellSlowness(page, 'the same, with a search', async () => {});
} finally {
  await browser.close();
}
