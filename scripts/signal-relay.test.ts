import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { relaySignals } from './signal-relay.mjs';

function setUp(platform: NodeJS.Platform = 'linux') {
  const source = new EventEmitter();
  const clock = { ms: 0 };
  const got: string[] = [];
  const relay = relaySignals({ source, platform, now: () => clock.ms });
  relay.attach({ kill: (name) => got.push(name) > 0 });
  return { source, clock, got, relay };
}

test('the same signal within 300 ms is one; after that it is a second one, also when keys repeat', () => {
  const { source, clock, got } = setUp();
  for (clock.ms = 0; clock.ms < 600; clock.ms += 50) source.emit('SIGINT', 'SIGINT');
  expect(got).toEqual(['SIGINT', 'SIGINT']);
});

test('different signals are passed on one beside the other', () => {
  const { source, got, relay } = setUp();
  expect(relay.received()).toBeUndefined();
  source.emit('SIGINT', 'SIGINT');
  source.emit('SIGTERM', 'SIGTERM');
  expect(got).toEqual(['SIGINT', 'SIGTERM']);
  expect(relay.received()).toBe('SIGINT');
});

test('on Windows the console tells the child, and the relay only waits for it', () => {
  const { source, got, relay } = setUp('win32');
  source.emit('SIGINT', 'SIGINT');
  expect(got).toEqual([]);
  expect(relay.received()).toBe('SIGINT');
});

test('a stopped relay hears nothing more', () => {
  const { source, got, relay } = setUp();
  relay.stop();
  source.emit('SIGTERM', 'SIGTERM');
  expect(got).toEqual([]);
});
