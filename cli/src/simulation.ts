/**
 * sluice/simulation: the host's simulation, with the standard plugins. Main thread.
 */
import {
  createSimulation as createBareSimulation,
  type Simulation,
  type SimulationOptions,
  type SimulationResult,
} from '@sluice/core/simulation';
import { standard } from '@sluice/standard';

export * from '@sluice/core/simulation';

/** createSimulation loads rules and stands up what they name. The standard plugins are there; `plugins` adds more. */
export function createSimulation(options: SimulationOptions): Promise<Simulation> {
  return createBareSimulation({ ...options, plugins: [...standard, ...(options.plugins ?? [])] });
}

/**
 * simulate makes a simulation and runs it once.
 *
 *     const { latency, failed } = await simulate({ rules: { file: 'gateway.sluice' }, clients: { rate: 500 }, for: '60s' });
 */
export async function simulate(
  options: SimulationOptions & { readonly for: number | string },
): Promise<SimulationResult> {
  const simulation = await createSimulation(options);
  return simulation.run(options.for);
}
