/** For tests: the commands before a supervisor that only answers, both made anew before each test of a file. */
import { beforeEach } from 'vitest';
import { createCommands } from './commands.ts';
import { asking, FakeTarget } from './control.test-helper.ts';
import { createDispatcher, type Dispatch } from './dispatcher.ts';

export function freshCommands() {
  let target: FakeTarget;
  let current: Dispatch;
  beforeEach(() => {
    target = new FakeTarget();
    current = createDispatcher(createCommands(target));
  });
  const dispatch: Dispatch = (request, caller) => current(request, caller);
  return {
    get target(): FakeTarget {
      return target;
    },
    dispatch,
    ...asking(() => current),
  };
}
