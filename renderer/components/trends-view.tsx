import { useTrends } from '../hooks/use-trends.ts';
import { trendCharts } from '../model/trend-charts.ts';
import { EmptyState, Section } from './section.tsx';
import styles from './trends.module.css';
import { TrendsChart } from './trends-chart.tsx';

/** A sample comes every ten seconds. */
const everyMs = 10_000;

/** How the last hour went. The supervisor keeps it, so that it is there when the page is opened. */
export function TrendsView() {
  const { data, error } = useTrends(everyMs);
  const samples = data?.samples ?? [];
  return (
    <Section title="Trends" note="The last hour, every 10 s">
      {error === null ? null : (
        <p className={styles.trouble} role="alert">
          The numbers are not up to date. {error}
        </p>
      )}
      {samples.length < 2 ? (
        <EmptyState>
          {data === null ? 'Asking…' : 'The first numbers come within twenty seconds.'}
        </EmptyState>
      ) : (
        <div className={styles.charts}>
          {trendCharts.map((chart) => (
            <TrendsChart key={chart.title} chart={chart} samples={samples} />
          ))}
        </div>
      )}
    </Section>
  );
}
