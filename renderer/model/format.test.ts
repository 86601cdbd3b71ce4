import { expect, test } from 'vitest';
import {
  fileName,
  formatAddress,
  formatAgo,
  formatBytes,
  formatCount,
  formatCountdown,
  formatExit,
  formatMs,
  formatUptime,
} from './format.ts';

const now = Date.UTC(2026, 10, 22, 12);
const at = (secondsAgo: number) => new Date(now - secondsAgo * 1_000).toISOString();

test.each([
  [0, 'just now'],
  [9, 'just now'],
  [29, '20 s ago'],
  [59, '50 s ago'],
  [60, '1 min ago'],
  [3_599, '59 min ago'],
  [3_600, '1 h ago'],
  [86_400, '1 d ago'],
  [-30, 'just now'],
])('%i seconds ago reads "%s"', (seconds, text) => {
  expect(formatAgo(at(seconds), now)).toBe(text);
});

test.each([
  [20, 'under 1 min'],
  [60, '1 min'],
  [11_540, '3 h 12 min'],
  [187_200, '2 d 4 h'],
])('an uptime of %i seconds reads "%s"', (seconds, text) => {
  expect(formatUptime(at(seconds), now)).toBe(text);
});

test('a countdown never goes below now', () => {
  expect(formatCountdown(at(-12), now)).toBe('in 12 s');
  expect(formatCountdown(at(-11.2), now)).toBe('in 12 s');
  expect(formatCountdown(at(-240), now)).toBe('in 4 min');
  expect(formatCountdown(at(0), now)).toBe('now');
  expect(formatCountdown(at(5), now)).toBe('now');
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [9_949, '9.9 kB'],
  [184_220, '184 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [48_200_100, '48 MB'],
])('%i bytes read "%s"', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test('an exit names the signal, else the code', () => {
  expect(formatExit({ code: null, signal: 'SIGKILL', at: at(1) })).toBe('SIGKILL');
  expect(formatExit({ code: 1, signal: null, at: at(1) })).toBe('exit 1');
});

test('numbers, addresses and paths are shortened without losing what counts', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567');
  expect(formatAddress('http://127.0.0.1:3459/')).toBe('127.0.0.1:3459');
  expect(fileName('C:\\Users\\ada\\supervisor.toml')).toBe('supervisor.toml');
  expect(fileName('/home/ada/supervisor.toml')).toBe('supervisor.toml');
});

test.each([
  [0, '0 ms'],
  [250, '250 ms'],
  [1_500, '1.5 s'],
  [30_000, '30 s'],
  [120_000, '2 min'],
])('a setting of %i ms reads "%s"', (ms, text) => {
  expect(formatMs(ms)).toBe(text);
});
