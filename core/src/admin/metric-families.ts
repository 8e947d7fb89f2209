/**
 * Families: the metrics of one scrape by name, with their values. Main thread.
 */
import type { Metric, MetricObjectWithValues, MetricValueWithName } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;
type Values = MetricValueWithName<string>[];
export type MetricType = 'counter' | 'gauge' | 'histogram';

/** Families are metrics by name, in the order in which they were first named. */
export class Families {
  readonly #families = new Map<string, { help: string; type: MetricType; values: Values }>();

  add(type: MetricType, name: string, help: string, value: number, labels: Labels = {}, metricName = name): void {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { help, type, values: [] };
      this.#families.set(name, family);
    }
    family.values.push({ value, labels, metricName });
  }

  /** states adds a gauge for each state, 1 for the one that it is in. */
  states(name: string, help: string, all: readonly string[], now: string, labels: Labels): void {
    for (const state of all) this.add('gauge', name, help, state === now ? 1 : 0, { ...labels, state });
  }

  /** The library asks a metric for its values; these have them already. */
  all(): readonly Metric[] {
    return [...this.#families].map(([name, { help, type, values }]) => {
      const found = { name, help, type, values, aggregator: 'sum' } as unknown as MetricObjectWithValues<
        MetricValueWithName<string>
      >;
      return { name, get: async () => found } as unknown as Metric;
    });
  }
}
