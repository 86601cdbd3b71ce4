import { useEffect, useId, useRef, useState } from 'react';
import uPlot from 'uplot';
import type { TrendSample } from '../../shared/control-replies.ts';
import { formatClock } from '../model/format.ts';
import { formatValue, type TrendChart, trendSummary } from '../model/trend-charts.ts';
import styles from './trends.module.css';
import 'uplot/dist/uPlot.min.css';

const heightPx = 140;
/** Room for `1,204` beside the axis. */
const axisWidthPx = 48;
const hourSeconds = 3_600;
/** A supervisor that has just started shows its first minutes over this much. */
const leastSpanSeconds = 600;
/** The cursors of all charts stand at the same moment. */
const syncKey = 'trends';
const lineColors = ['--color-accent', '--color-warn'] as const;

interface Props {
  readonly chart: TrendChart;
  /** Oldest first, at least two. */
  readonly samples: readonly TrendSample[];
}

/** A small chart; its summary says the same in words, and under the pointer the numbers of that moment. */
export function TrendsChart({ chart, samples }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [index, setIndex] = useState<number | null>(null);
  const titleId = useId();
  const summaryId = useId();
  const pointed = index === null ? undefined : samples[index];

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const drawn = new uPlot(
      optionsOf(chart, element, setIndex),
      [[], ...chart.lines.map(() => [])],
      element,
    );
    plot.current = drawn;
    const sizes = new ResizeObserver(() => {
      drawn.setSize({ width: Math.max(160, element.clientWidth), height: heightPx });
    });
    sizes.observe(element);
    // The colours are asked for at each drawing; nothing else tells that they changed.
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => drawn.redraw(false);
    scheme.addEventListener('change', redraw);
    return () => {
      scheme.removeEventListener('change', redraw);
      sizes.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [chart]);

  useEffect(() => {
    plot.current?.setData([
      samples.map(({ at }) => at / 1_000),
      ...chart.lines.map(({ of }) => samples.map(of)),
    ]);
  }, [chart, samples]);

  return (
    <section className={styles.chart} aria-labelledby={titleId} aria-describedby={summaryId}>
      <h3 className={styles.title}>
        <span id={titleId}>{chart.title}</span>
        {chart.unit === '' ? null : <span className={styles.unit}> {chart.unit}</span>}
        {chart.lines.length === 1 ? null : <Legend chart={chart} />}
      </h3>
      <div ref={frame} className={styles.frame} aria-hidden="true" />
      <p id={summaryId} className={styles.summary}>
        {pointed === undefined ? trendSummary(chart, samples) : momentText(chart, pointed)}
      </p>
    </section>
  );
}

/** Which line is which: told by its word beside a piece of the line. */
function Legend({ chart }: { readonly chart: TrendChart }) {
  return (
    <span className={styles.legend}>
      {chart.lines.map(({ name }, index) => (
        <span key={name}>
          <svg className={styles.swatch} data-line={index} viewBox="0 0 16 4" aria-hidden="true">
            <path d="M0 2H16" />
          </svg>
          {name}
        </span>
      ))}
    </span>
  );
}

function momentText(chart: TrendChart, sample: TrendSample): string {
  const values = chart.lines.map(({ name, of }) => {
    const value = of(sample);
    return `${chart.lines.length === 1 ? '' : `${name} `}${value === null ? '–' : formatValue(value)}`;
  });
  return `${formatClock(sample.at)} · ${values.join(' · ')} ${chart.unit}`.trimEnd();
}

function optionsOf(
  chart: TrendChart,
  element: HTMLElement,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const muted = () => colorOf(element, '--color-muted');
  const grid = { stroke: () => colorOf(element, '--color-border-soft'), width: 1 };
  const axis = { stroke: muted, grid, ticks: { show: false }, font: '11px system-ui, sans-serif' };
  const { bars } = uPlot.paths;
  return {
    width: Math.max(160, element.clientWidth),
    height: heightPx,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: syncKey } },
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
    scales: {
      x: {
        time: true,
        range: (_plot, first, last) => [
          Math.max(last - hourSeconds, Math.min(first, last - leastSpanSeconds)),
          last,
        ],
      },
      y: { range: (_plot, _least, most) => [0, Math.max(most * 1.05, chart.leastTop)] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        space: 64,
        values: (_plot, seconds) => seconds.map((each) => formatClock(each * 1_000).slice(0, 5)),
      },
      { ...axis, size: axisWidthPx, space: 32, values: (_plot, values) => values.map(formatValue) },
    ],
    series: [
      {},
      ...chart.lines.map(({ name }, index): uPlot.Series => {
        const stroke = () => colorOf(element, lineColors[index] ?? '--color-accent');
        return {
          label: name,
          stroke,
          width: 1.5,
          // The slow end is dashed too: two lines are not told apart by colour alone.
          ...(index > 0 && { dash: [4, 3] }),
          ...(chart.look === 'bars' && bars && { paths: bars({ size: [1, 6, 3] }), fill: stroke }),
          points: {
            show: true,
            size: 4,
            filter: (plot, line) => lonePoints(plot.data[line] ?? []),
          },
        };
      }),
    ],
  };
}

/** A value between two unknown ones makes no line: it is drawn as a point, or nobody would see it. */
function lonePoints(values: ArrayLike<number | null | undefined>): number[] {
  return Array.from(values).flatMap((value, index) => {
    const hasNeighbour = values[index - 1] != null || values[index + 1] != null;
    return value != null && !hasNeighbour ? [index] : [];
  });
}

/** What a colour token is now, as a canvas can take it. */
function colorOf(element: HTMLElement, token: string): string {
  element.style.color = `var(${token})`;
  return getComputedStyle(element).color;
}
