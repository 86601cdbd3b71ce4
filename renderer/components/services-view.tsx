import { lazy, Suspense } from 'react';
import type { ViewProps } from '../view.ts';
import { ConfigProblems } from './config-problems.tsx';
import { ServicesSection } from './services-section.tsx';

const Details = lazy(async () => ({ default: (await import('./details.tsx')).Details }));

/** The services, and over them the details of the one that the address names. */
export function ServicesView({ snapshot, usage, place: [name] }: ViewProps) {
  return (
    <>
      <ConfigProblems config={snapshot.config} withNotices={false} />
      <ServicesSection snapshot={snapshot} usage={usage} />
      {name === undefined ? null : (
        <Suspense fallback={null}>
          <Details
            key={name}
            name={name}
            snapshot={snapshot}
            points={usage.series.get(name) ?? []}
          />
        </Suspense>
      )}
    </>
  );
}
