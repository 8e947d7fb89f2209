/**
 * PhaseMarks: the moments of a request that is reported to a tracing system, and the phases between them. Data plane.
 */
import type { Address } from '@sluice/dsl/plan';
import type { TracedPhase } from '../../plugin/trace-exporter.ts';

/** Where a request was at a moment. */
export interface MarkedPlace {
  readonly backend: string;
  /** Empty: at no server. */
  readonly server: string;
  readonly address: Address | null;
}

/** What happens to a request: it begins to wait in line, is given to a server, a connection made for it stands, an answer begins, an attempt fails. */
export type Moment = 'queued' | 'sent' | 'connected' | 'answered' | 'failed' | 'not connected';

interface Mark {
  readonly moment: Moment;
  readonly atMs: number;
  readonly place: MarkedPlace;
  readonly error: string;
}

export class PhaseMarks {
  readonly #marks: Mark[] = [];

  /** add notes a moment. `error` is for attempts that failed. */
  add(moment: Moment, atMs: number, place: MarkedPlace, error = ''): void {
    this.#marks.push({ moment, atMs, place, error });
  }

  /** phases are what lies between the marks, up to the end of the request. */
  phases(startMs: number, endMs: number): TracedPhase[] {
    const phases: TracedPhase[] = [];
    let open: { name: TracedPhase['name']; atMs: number; place: MarkedPlace } | null = null;
    const close = (atMs: number, error = ''): void => {
      if (open === null) return;
      const { name, place } = open;
      phases.push({ ...place, name, startMs: open.atMs - startMs, durationMs: atMs - open.atMs, error });
      open = null;
    };
    const turnTo = (name: TracedPhase['name'], { atMs, place }: Mark): void => {
      close(atMs);
      open = { name, atMs, place };
    };
    for (const mark of this.#marks) {
      switch (mark.moment) {
        case 'queued':
          turnTo('queue', mark);
          break;
        case 'sent':
          // Over a connection that is there already, until the next mark says otherwise.
          turnTo('wait', mark);
          break;
        case 'connected':
          asConnect(open);
          turnTo('wait', mark);
          break;
        case 'answered':
          turnTo('response', mark);
          break;
        case 'not connected':
          asConnect(open);
          close(mark.atMs, mark.error);
          break;
        case 'failed':
          close(mark.atMs, mark.error);
          break;
      }
    }
    close(endMs);
    return phases;
  }
}

function asConnect(open: { name: TracedPhase['name'] } | null): void {
  if (open !== null) open.name = 'connect';
}
