/**
 * `node e2e/tray-picture.ts [file]`: the tray in its four states, on a light and on a dark panel, with tooltip and
 * menu. A drawing, not a screenshot: no desktop is here. The pictures, the words and the menu are the program's own,
 * only frame and type are drawn; every desktop draws those in its own way.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Panel } from '../main/desktop/icons.ts';
import { type TrayItem, trayMenu } from '../main/desktop/tray-menu.ts';
import { serviceFixtures } from '../renderer/fixtures/services.ts';
import { eventStatsFixture, snapshotFixture } from '../renderer/fixtures/snapshot.ts';
import type { Health, StatusSnapshot } from '../shared/status.ts';
import { overallHealth, trayTooltip } from '../shared/wording.ts';
import { launchChromium } from './backends.ts';

const root = join(import.meta.dirname, '..');
const file = process.argv[2] ?? join(root, 'docs', 'images', 'tray.png');
const now = Date.now();

const [mcp, dashboard, ...others] = serviceFixtures(now);
if (mcp === undefined || dashboard === undefined) throw new Error('The fixture has no services.');
const config = { path: 'supervisor.toml', running: 'file', problems: [] } as const;
const up = { state: 'ready' } as const;

/** A state of the supervisor for each picture. */
const states: readonly StatusSnapshot[] = [
  stateOf([mcp, { ...dashboard, ...up }], 3),
  stateOf([mcp, { ...dashboard, state: 'starting' }], 1),
  stateOf([mcp, dashboard], 2),
  stateOf(
    [
      { ...mcp, state: 'failed' },
      { ...dashboard, ...up },
    ],
    0,
  ),
];

function stateOf(services: StatusSnapshot['services'], subscribers: number): StatusSnapshot {
  return snapshotFixture({ services, config, events: eventStatsFixture(subscribers, now) }, now);
}

async function trayRow(snapshot: StatusSnapshot, panel: Panel): Promise<string> {
  const picture = await icon(overallHealth(snapshot), panel);
  return `<figure class="${panel}"><span class="panel">${picture}</span>
    <figcaption>${escaped(trayTooltip(snapshot))}</figcaption></figure>`;
}

async function icon(health: Health, panel: Panel): Promise<string> {
  const bytes = await readFile(join(root, 'assets', 'generated', `tray-${health}-${panel}-24.png`));
  return `<img alt="" width="24" height="24" src="data:image/png;base64,${bytes.toString('base64')}">`;
}

function menuLine(item: TrayItem): string {
  switch (item.kind) {
    case 'separator':
      return '<li class="separator"></li>';
    case 'text':
      return `<li class="greyed">${escaped(item.label)}</li>`;
    case 'action':
      return `<li class="${item.action === null ? 'greyed' : ''}">${escaped(item.label)}</li>`;
    case 'submenu':
      return `<li>${escaped(item.label)}<span>›</span></li>`;
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const style = `
  * { box-sizing: border-box; margin: 0 }
  body { display: flex; gap: 24px; padding: 24px; width: max-content; background: #eceff3; color: #1b1f24;
    font: 14px/1.45 system-ui, 'DejaVu Sans', sans-serif }
  section { display: grid; grid-template-columns: auto auto; gap: 10px 16px; align-content: start }
  figure { display: flex; gap: 12px; align-items: center; padding: 10px 16px 10px 10px; border-radius: 8px }
  figure.light { background: #fff } figure.dark { background: #22262c; color: #e8eaee }
  .panel { padding: 8px; line-height: 0 } figcaption { white-space: pre }
  ul { list-style: none; padding: 6px 0; width: 330px; background: #fff; border-radius: 8px;
    box-shadow: 0 6px 24px #0003; align-self: start }
  li { display: flex; justify-content: space-between; padding: 5px 16px }
  .greyed { color: #6b7280 } .separator { border-top: 1px solid #e2e5ea; margin: 5px 0; padding: 0 }`;

const rows = await Promise.all(
  states.flatMap((each) => [trayRow(each, 'light'), trayRow(each, 'dark')]),
);
const menu = trayMenu(stateOf([mcp, dashboard, ...others], 3)).map(menuLine);
const browser = await launchChromium();
try {
  const page = await browser.newPage();
  await page.setContent(
    `<!doctype html><style>${style}</style><section>${rows.join('')}</section><ul>${menu.join('')}</ul>`,
  );
  await page.locator('body').screenshot({ path: file });
} finally {
  await browser.close();
}
