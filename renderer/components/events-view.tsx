import type { ViewProps } from '../view.ts';
import { EventsSection } from './events-section.tsx';

export function EventsView({ snapshot }: ViewProps) {
  return <EventsSection stats={snapshot.events} />;
}
