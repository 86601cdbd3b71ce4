/** Snapshots for the tests of this folder. */

import { serviceFixture, snapshotFixture } from '../../shared/status.test-helper.ts';
import type { ServiceState, ServiceStatus, StatusSnapshot } from '../../shared/status.ts';

export function serviceIn(state: ServiceState, name = 'mcp'): ServiceStatus {
  return serviceFixture(name, state, {
    kind: name === 'dashboard' ? 'dashboard' : 'server',
    reason: 'because of the test',
  });
}

export function snapshotOf(
  services: readonly ServiceStatus[],
  changes: Partial<StatusSnapshot> = {},
): StatusSnapshot {
  return snapshotFixture({ dashboardUrl: 'http://127.0.0.1:3459', services, ...changes });
}
