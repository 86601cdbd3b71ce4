import { expect, test } from 'vitest';
import { serviceFixture } from '../fixtures/services.ts';
import { snapshotFixture } from '../fixtures/snapshot.ts';
import { withPoolAddresses } from './pool-addresses.ts';

const pool = (name: string) =>
  serviceFixture({ name, kind: 'mcp_pool', port: 3_460, pid: 70, url: null });
const plain = serviceFixture({ name: 'search', port: 8_801, pid: 71 });

test('a pool is where clients find it, not where its first instance listens', () => {
  const services = [pool('mcp'), pool('my tools'), plain];
  const mcpUrl = 'http://127.0.0.1:3457/mcp';
  expect(withPoolAddresses(snapshotFixture({ services, mcpUrl })).services).toEqual([
    { ...pool('mcp'), url: mcpUrl, port: null, pid: null },
    {
      ...pool('my tools'),
      url: 'http://127.0.0.1:3457/servers/my%20tools/mcp',
      port: null,
      pid: null,
    },
    plain,
  ]);
});

test('while the gateway is off a pool is nowhere', () => {
  const { services } = withPoolAddresses(
    snapshotFixture({ services: [pool('mcp')], mcpUrl: null }),
  );
  expect(services[0]).toMatchObject({ url: null, port: null });
});
