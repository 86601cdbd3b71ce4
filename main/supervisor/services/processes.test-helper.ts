/** For tests: processes without a guardian, each with a cookie of its own. */
import { randomUUID } from 'node:crypto';
import type { ProcessHost } from './process-host.ts';
import { SupervisedProcess } from './supervised-process.ts';

export const testProcesses: Pick<ProcessHost, 'launch'> = {
  launch: (command, onLine) =>
    new SupervisedProcess(command, {
      cookie: `test.${randomUUID()}`,
      guardian: { began: () => {}, ended: () => {} },
      onLine,
    }),
};
