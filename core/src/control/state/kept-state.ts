/**
 * KeptState: the state of an earlier process, as far as this release can read it. Main thread.
 */
import type { Logger } from 'pino';
import type { StickSeeds } from '../../shared/tables/stick-clock.ts';
import type { KeptCircuit } from '../health/circuits.ts';
import type { AddedServer } from '../members/added-servers.ts';
import { reasonOf } from '../report/errors.ts';
import type { KeptServer } from './kept-server.ts';
import { decodeRates, type KeptRates, RATE_SECTION } from './rate-section.ts';
import {
  ADDED_SECTION,
  CIRCUIT_SECTION,
  decodeAdded,
  decodeCircuits,
  decodeServers,
  SERVER_SECTION,
} from './server-section.ts';
import { decodeSnapshot, type Section } from './snapshot.ts';
import { decodeSticks, type KeptSticks, STICK_SECTION } from './stick-section.ts';
import { decodeTls, TLS_SECTION } from './tls-section.ts';

/** KeptState has null for what was not kept, or cannot be read. */
export interface KeptState {
  /** How long ago it was taken. */
  readonly agoMs: number;
  readonly added: readonly AddedServer[];
  readonly servers: readonly KeptServer[];
  readonly circuits: readonly KeptCircuit[];
  readonly sticks: KeptSticks | null;
  readonly rates: KeptRates | null;
  readonly tlsSecret: Uint8Array | null;
}

/**
 * readState reads what `exportState` wrote. A section that cannot be read is left out, with a warning; other sections are not. `nowMs`: since
 * 1970. Throws SnapshotError.
 */
export function readState(bytes: Uint8Array, nowMs: number, log: Logger): KeptState {
  const { takenAtMs, sections } = decodeSnapshot(bytes);
  const read = <Kept>(name: string, decode: (section: Section) => Kept): Kept | null => {
    const section = sections.find((each) => each.name === name);
    if (section === undefined) return null;
    try {
      return decode(section);
    } catch (thrown) {
      const { version } = section;
      log.warn({ section: name, version }, `the part \`${name}\` of the kept state is not used: ${reasonOf(thrown)}`);
      return null;
    }
  };
  return {
    agoMs: Math.max(0, nowMs - takenAtMs),
    added: read(ADDED_SECTION, decodeAdded) ?? [],
    servers: read(SERVER_SECTION, decodeServers) ?? [],
    circuits: read(CIRCUIT_SECTION, decodeCircuits) ?? [],
    sticks: read(STICK_SECTION, decodeSticks),
    rates: read(RATE_SECTION, decodeRates),
    tlsSecret: read(TLS_SECTION, decodeTls),
  };
}

/** seedsOf are what shared memory is made with, so that kept entries are found again. */
export function seedsOf(kept: KeptState | null): {
  readonly sticks?: Partial<StickSeeds>;
  readonly rateSeeds?: readonly [number, number];
} {
  if (kept === null) return {};
  const { sticks, rates, tlsSecret } = kept;
  return {
    sticks: {
      ...(sticks === null ? {} : { seeds: sticks.seeds, secret: sticks.secret }),
      ...(tlsSecret === null ? {} : { tlsSecret }),
    },
    ...(rates === null ? {} : { rateSeeds: rates.seeds }),
  };
}
