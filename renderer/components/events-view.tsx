import type { ViewProps } from '../view.ts';
import { EventsSection } from './events-section.tsx';

export function EventsView({ snapshot, events }: ViewProps) {
  return <EventsSection stats={snapshot.events} events={events} />;
}
