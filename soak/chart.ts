/**
 * The picture of a soak: memory above, time of a call below, marks where an instance was killed. Plain
 * SVG that reads in light and dark, and in print: the colours are the page's, by media query.
 */
export interface ChartPoint {
  /** Since the start, in s. */
  readonly second: number;
  readonly value: number;
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly points: readonly ChartPoint[];
}

export interface Chart {
  readonly title: string;
  readonly panels: readonly Panel[];
  /** What the marks are. */
  readonly markTitle: string;
  readonly marks: readonly number[];
}

const width = 860;
const panelHeight = 190;
const margin = { left: 64, right: 24, top: 64, between: 64, bottom: 48 };

/** As many points as can be told apart; of those that fall together the highest counts. */
const maxPoints = 600;

const style = `
  .soak { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .soak .ground { fill: #ffffff; }
  .soak .grid { stroke: #d1d9e0; stroke-width: 1; }
  .soak .mark { stroke: #bc4c00; stroke-width: 1; stroke-dasharray: 2 4; opacity: 0.7; }
  .soak .line { fill: none; stroke: #0969da; stroke-width: 1.5; stroke-linejoin: round; }
  .soak .head { font-size: 16px; font-weight: 600; }
  .soak .panel { font-weight: 600; }
  .soak .small { fill: #59636e; font-size: 12px; }
  @media (prefers-color-scheme: dark) {
    .soak { fill: #f0f6fc; }
    .soak .ground { fill: #0d1117; }
    .soak .grid { stroke: #3d444d; }
    .soak .mark { stroke: #f0883e; }
    .soak .line { stroke: #58a6ff; }
    .soak .small { fill: #9198a1; }
  }`;

/** The whole file. */
export function renderChart({ title, panels, markTitle, marks }: Chart): string {
  const lastSecond = Math.max(
    1,
    ...panels.flatMap(({ points }) => points.at(-1)?.second ?? 0),
    ...marks,
  );
  const height = margin.top + panels.length * (panelHeight + margin.between) + margin.bottom;
  const across = (second: number) =>
    margin.left + (second / lastSecond) * (width - margin.left - margin.right);
  const drawn = panels.map((panel, index) => {
    const top = margin.top + 24 + index * (panelHeight + margin.between);
    return renderPanel(panel, { top, across, marks, lastSecond });
  });
  return [
    `<svg class="soak" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${style}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="6"/>`,
    `<text class="head" x="${margin.left}" y="32">${escaped(title)}</text>`,
    ...drawn,
    `<line class="mark" x1="${margin.left}" x2="${margin.left + 24}" y1="${height - 20}" y2="${height - 20}"/>`,
    `<text class="small" x="${margin.left + 32}" y="${height - 16}">${escaped(markTitle)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

interface Frame {
  readonly top: number;
  readonly across: (second: number) => number;
  readonly marks: readonly number[];
  readonly lastSecond: number;
}

function renderPanel(panel: Panel, { top, across, marks, lastSecond }: Frame): string {
  const most = Math.max(0, ...panel.points.map(({ value }) => value));
  const step = stepFor(most);
  const ceiling = Math.max(step, Math.ceil(most / step) * step);
  const bottom = top + panelHeight;
  const up = (value: number) => bottom - (value / ceiling) * panelHeight;
  const levels = Array.from({ length: Math.round(ceiling / step) + 1 }, (_each, n) => n * step);
  const minutes = ticks(lastSecond / 60);
  const path = thinned(panel.points)
    .map(({ second, value }) => `${across(second).toFixed(1)},${up(value).toFixed(1)}`)
    .join(' ');
  return [
    `<text class="panel" x="${margin.left}" y="${top - 10}">${escaped(panel.title)}, ${escaped(panel.unit)}</text>`,
    ...levels.map(
      (level) =>
        `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${up(level).toFixed(1)}" y2="${up(level).toFixed(1)}"/>` +
        `<text class="small" text-anchor="end" x="${margin.left - 8}" y="${(up(level) + 4).toFixed(1)}">${shown(level)}</text>`,
    ),
    ...minutes.map(
      (minute) =>
        `<text class="small" text-anchor="middle" x="${across(minute * 60).toFixed(1)}" y="${bottom + 18}">${shown(minute)} min</text>`,
    ),
    ...marks.map(
      (second) =>
        `<line class="mark" x1="${across(second).toFixed(1)}" x2="${across(second).toFixed(1)}" y1="${top}" y2="${bottom}"/>`,
    ),
    `<polyline class="line" points="${path}"/>`,
  ].join('\n');
}

/** 1, 2 or 5 times a power of ten, so that there are about four lines. */
function stepFor(most: number): number {
  const rough = Math.max(most, 1e-3) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((each) => each * power >= rough) ?? 10;
  return factor * power;
}

function ticks(minutes: number): readonly number[] {
  const step = stepFor(minutes);
  return Array.from({ length: Math.floor(minutes / step) + 1 }, (_each, index) => index * step);
}

function thinned(points: readonly ChartPoint[]): readonly ChartPoint[] {
  const size = Math.ceil(points.length / maxPoints);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_each, index) =>
    points
      .slice(index * size, (index + 1) * size)
      .reduce((high, each) => (each.value > high.value ? each : high)),
  );
}

function shown(value: number): string {
  return String(Number(value.toFixed(3)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
