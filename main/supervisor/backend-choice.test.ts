/** `SetBackend` does what it says, or says why not (old weakness W19: it set a flag). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configSchema } from '../../shared/config-schema.ts';
import { patience } from '../../test/patience.ts';
import { BackendChoice } from './container-backend.ts';
import type { LaunchContext } from './launches.ts';

let folder: string;
let replaced: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-backend-'));
  replaced = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** An engine is any program that is there: `true` knows no container and complains about nothing. */
function choice(engine: string): BackendChoice {
  const config = configSchema.parse({});
  const container = { ...config.mcp.container, engine } as typeof config.mcp.container;
  const context = { config: { ...config, mcp: { ...config.mcp, container } }, env: process.env };
  return new BackendChoice({
    context: context as unknown as LaunchContext,
    processes: {
      launch: () => {
        throw new Error('nothing is started here');
      },
    },
    family: 'test',
    logger: pino({ level: 'silent' }),
  });
}

test('W19 the instances are replaced by ones of the other kind, and back', async () => {
  const backend = choice('true');
  const replace = () => {
    replaced.push(backend.active);
    return Promise.resolve();
  };
  expect(backend.active).toBe('node');
  await backend.change('node', replace);
  await backend.change('container', replace);
  await backend.change('node', replace);
  expect(replaced).toEqual(['container', 'node']);
});

test('W19 without an engine nothing is switched, and the reply says what to install', async () => {
  const backend = choice(join(folder, 'no-engine'));
  const change = backend.change('container', () => Promise.resolve());
  await expect(change).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('was not found. Install'),
  });
  expect(backend.active).toBe('node');
});

test('when the new instances do not come up, the old kind is what is active', async () => {
  const backend = choice('true');
  await backend.change('container', () => Promise.reject(new Error('no image')));
  await expect.poll(() => backend.active, patience).toBe('node');
});
