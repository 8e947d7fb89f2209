/**
 * ExportState: a running gateway's state as bytes. Main thread.
 */
import type { Steps } from '@sluice/dsl/match';
import type { Assigned } from '../reload/generations.ts';
import { encodeRates } from './rate-section.ts';
import { encodeAdded, encodeCircuits, encodeServers } from './server-section.ts';
import { encodeSnapshot, type WrittenSection } from './snapshot.ts';
import type { StateSources } from './state-sources.ts';
import { encodeSticks } from './stick-section.ts';
import { encodeTls } from './tls-section.ts';

/**
 * ExportFor: `process`: for another process, in memory. `disk`: without the secret that session tickets are sealed with, as whoever has that can
 * read what clients send.
 */
export type ExportFor = 'process' | 'disk';

/** exportState records the state in steps. Slots must not change meanwhile: run it in the generations' line. `nowMs`: since 1970. */
export function* exportState(
  sources: StateSources,
  { plan, slots }: Assigned,
  nowMs: number,
  whatFor: ExportFor,
): Steps<Uint8Array> {
  const { sticks, rates } = sources;
  const sections: WrittenSection[] = [
    yield* encodeAdded(sources),
    yield* encodeServers(sources, { plan, slots }),
    yield* encodeCircuits(sources),
    yield* encodeSticks(sticks, slots.servers),
    yield* encodeRates(rates),
  ];
  if (whatFor === 'process') sections.push(encodeTls(sticks.clock.tlsSecret));
  return yield* encodeSnapshot(nowMs, sections);
}
