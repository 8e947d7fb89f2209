/**
 * PlotFigure: a plot over time, with its newest values as text, and all of them as a table for those who do not see it. Browser.
 */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { formatClock } from '../measure/format.ts';
import { useThemeNumber } from './theme.tsx';

declare global {
  interface Window {
    /** The page loads it as a script. */
    readonly uPlot: typeof uPlot;
  }
}

/** Line is one series of a plot. */
export interface Line {
  readonly label: string;
  /** The CSS custom property of its colour. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

interface PlotProps {
  readonly title: string;
  /** When each value was, in ms. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number | null) => string;
  /** Said in place of the plot where there is nothing to show. */
  readonly absent?: string;
}

const HEIGHT = 150;
/** The time that a plot shows, from its first value on. */
const [SHORTEST_S, LONGEST_S] = [60, 600];

export function PlotFigure({ title, times, lines, format, absent }: PlotProps) {
  const last = lines.map(({ values }) => values.at(-1) ?? null);
  return (
    <figure class="plot">
      <figcaption>
        <span class="plot-title">{title}</span>
        <span class="legend">
          {lines.map(({ label, color }, index) => (
            <span class="legend-item" key={label}>
              <i class="swatch" style={{ background: `var(${color})` }} aria-hidden="true" />
              {label} <b>{format(last[index]!)}</b>
            </span>
          ))}
        </span>
      </figcaption>
      {absent === undefined ? <Canvas times={times} lines={lines} format={format} /> : <p class="absent">{absent}</p>}
      {absent === undefined && <ValuesTable title={title} times={times} lines={lines} format={format} />}
    </figure>
  );
}

function Canvas({ times, lines, format }: Pick<PlotProps, 'times' | 'lines' | 'format'>) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useThemeNumber();
  const labels = lines.map(({ label }) => label).join();

  useLayoutEffect(() => {
    const element = holder.current!;
    const made = new window.uPlot(optionsOf(element, lines, format), [[]], element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [labels, theme]);

  useEffect(() => {
    const seconds = times.map((ms) => ms / 1000);
    plot.current?.setData([seconds, ...lines.map(({ values }) => values as (number | null)[])]);
  });
  return <div class="canvas" ref={holder} aria-hidden="true" style={{ height: `${HEIGHT}px` }} />;
}

function optionsOf(element: HTMLElement, lines: readonly Line[], format: PlotProps['format']): uPlot.Options {
  const css = getComputedStyle(element);
  const color = (name: string): string => css.getPropertyValue(name).trim();
  const font = `11px ${css.fontFamily}`;
  const axis = { stroke: color('--muted'), font, ticks: { show: false }, grid: { stroke: color('--grid'), width: 1 } };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { range: ({ data }) => spanOf(data[0]) },
      // From 0, and never so near that noise looks like load.
      y: { range: (_, __, most) => [0, Math.max(1, (most ?? 0) * 1.15)] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        space: 70,
        values: (_, splits) =>
          splits.map((at, index) => {
            const clock = formatClock(at * 1000);
            const isWhole = (splits[index + 1] ?? at) - at >= 60 || (index > 0 && at - splits[index - 1]! >= 60);
            return isWhole ? clock.slice(0, 5) : clock;
          }),
      },
      { ...axis, size: 54, space: 26, values: (_, splits) => splits.map((value) => format(value)) },
    ],
    series: [
      {},
      ...lines.map(({ label, color: name }, index) => ({
        label,
        stroke: color(name),
        width: 1.5,
        points: { show: false },
        ...(index === 0 ? { fill: `${color(name)}1f` } : {}),
      })),
    ],
  };
}

function spanOf([firstS]: ArrayLike<number> & Iterable<number>): [fromS: number, toS: number] {
  const nowS = Date.now() / 1000;
  return [nowS - Math.min(LONGEST_S, Math.max(SHORTEST_S, nowS - (firstS ?? nowS))), nowS];
}

/** One row a minute is as much as anybody reads aloud. */
function ValuesTable({ title, times, lines, format }: Pick<PlotProps, 'title' | 'times' | 'lines' | 'format'>) {
  const minutes = new Map(times.map((ms, index) => [formatClock(ms).slice(0, 5), index]));
  const rows = [...minutes].reverse();
  return (
    <details class="values">
      <summary aria-label={`${title} as a table`}>Table</summary>
      <table>
        <caption class="unseen">{title}, the last value of each minute, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {lines.map(({ label }) => (
              <th scope="col" class="number" key={label}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([minute, index]) => (
            <tr key={minute}>
              <th scope="row">{minute}</th>
              {lines.map(({ label, values }) => (
                <td class="number" key={label}>
                  {format(values[index] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
