/** What a view of the page is: one of the pages behind the navigation. The table is in `views.ts`. */
import type { ComponentType } from 'react';
import type { StatusSnapshot } from '../shared/status.ts';
import type { UsageHistory } from './model/usage-history.ts';

/** What every view is given. It asks for more by `useBridge()` or `useControl()`. */
export interface ViewProps {
  readonly snapshot: StatusSnapshot;
  /** What the services used of the machine in the last two minutes. */
  readonly usage: UsageHistory;
  /** What follows the view's id in the address: `#/services/mcp` gives `['mcp']`. */
  readonly place: readonly string[];
}

export interface View {
  /** The word in the address: `#/logs`. */
  readonly id: string;
  /** The word in the navigation. */
  readonly title: string;
  readonly component: ComponentType<ViewProps>;
}
