/**
 * The views of the page, in the order of the navigation; the first one is shown where the address names
 * none. A view that carries weight is lazy: it is fetched when it is first looked at.
 */
import { lazy } from 'react';
import { DiagnosticsView } from './components/diagnostics-view.tsx';
import { EventsView } from './components/events-view.tsx';
import { ServicesView } from './components/services-view.tsx';
import { SessionsView } from './components/sessions-view.tsx';
import type { View } from './view.ts';

const LogsView = lazy(async () => ({
  default: (await import('./components/logs-view.tsx')).LogsView,
}));

const ConfigView = lazy(async () => ({
  default: (await import('./config-editor/config-view.tsx')).ConfigView,
}));

const TrendsView = lazy(async () => ({
  default: (await import('./components/trends-view.tsx')).TrendsView,
}));

export const views: readonly [View, ...View[]] = [
  { id: 'services', title: 'Services', component: ServicesView },
  { id: 'sessions', title: 'Sessions', component: SessionsView },
  { id: 'events', title: 'Events', component: EventsView },
  { id: 'logs', title: 'Logs', component: LogsView },
  { id: 'trends', title: 'Trends', component: TrendsView },
  { id: 'diagnostics', title: 'Diagnostics', component: DiagnosticsView },
  { id: 'config', title: 'Configuration', component: ConfigView },
];

/** The view of this id; the first one where there is none. */
export function findView(id: string): View {
  return views.find((view) => view.id === id) ?? views[0];
}
