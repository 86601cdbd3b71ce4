import { expect, test } from 'vitest';
import { renderChart } from './chart.ts';

const points = Array.from({ length: 10_000 }, (_each, second) => ({
  second,
  value: second === 5_003 ? 480 : 90,
}));

const svg = renderChart({
  title: 'Memory & <time>',
  panels: [{ title: 'resident', unit: 'MiB', points }],
  markTitle: 'an instance was killed',
  marks: [30, 60],
});

test('the picture has colours for light and for dark pages', () => {
  expect(svg).toContain('@media (prefers-color-scheme: dark)');
  expect(svg).toContain('aria-label="Memory &amp; &lt;time>"');
});

test('a peak of one second is not thinned away, and stays within the picture', () => {
  const line = /points="([^"]+)"/.exec(svg)?.[1] ?? '';
  const heights = line.split(' ').map((pair) => Number(pair.split(',')[1]));
  expect(heights.length).toBeLessThanOrEqual(600);
  const highest = Math.min(...heights);
  expect(heights.filter((height) => height === highest)).toHaveLength(1);
  expect(highest).toBeGreaterThan(64);
});

test('each kill is marked', () => {
  // One more is the legend's.
  expect(svg.match(/class="mark"/g)).toHaveLength(3);
});
