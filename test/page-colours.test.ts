/** The colours of the page: it lies here because nothing in `renderer/` may read a file. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const css = readFileSync(new URL('../renderer/styles/tokens.css', import.meta.url), 'utf8');

const surfaces = ['page', 'surface', 'control', 'hover'];
const printed = ['red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'grey'];
const texts = [
  'text',
  'muted',
  'accent',
  'good',
  'warn',
  'bad',
  ...printed.map((name) => `ansi-${name}`),
];

/** The colour of a token in one theme, `#rrggbb`. */
function color(token: string, theme: 'light' | 'dark'): string {
  const value = new RegExp(`--color-${token}: ([^;]+);`, 'u').exec(css)?.[1] ?? '';
  const colors = value.match(/#[0-9a-f]{6}/gu) ?? [];
  const found = colors[theme === 'light' ? 0 : colors.length - 1];
  if (found === undefined) throw new Error(`no colour for ${token}`);
  return found;
}

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((start) => Number.parseInt(hex.slice(start, start + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test.each(['light', 'dark'] as const)('every text is readable on every surface, %s', (theme) => {
  for (const text of texts) {
    for (const surface of surfaces) {
      const ratio = contrast(color(text, theme), color(surface, theme));
      expect(ratio, `${text} on ${surface}`).toBeGreaterThanOrEqual(4.5);
    }
  }
});

test.each(['light', 'dark'] as const)('errors and dangerous buttons are readable, %s', (theme) => {
  const pairs = [
    ['text', 'bad-soft'],
    ['text', 'found'],
    ['on-danger', 'danger-fill'],
    ['on-danger', 'danger-fill-hover'],
  ] as const;
  for (const [text, surface] of pairs) {
    const ratio = contrast(color(text, theme), color(surface, theme));
    expect(ratio, `${text} on ${surface}`).toBeGreaterThanOrEqual(4.5);
  }
});
