/**
 * @sluice/core/simulation: a gateway's own parts on virtual time, for tests of rules and strategies. `sluice/simulation` is the same
 * with the standard plugins.
 */
export type { Curve, Failed, Latencies, Move, ServerLoad } from './measurements.ts';
export type {
  ClientRequest,
  ClientsOptions,
  Condition,
  Happening,
  ServerOptions,
  ServersOptions,
  SimulationOptions,
  Times,
} from './options.ts';
export { SeededRandom } from './seeded-random.ts';
export {
  createSimulation,
  type SimulatedServer,
  type Simulation,
  type SimulationResult,
  simulate,
} from './simulation.ts';
