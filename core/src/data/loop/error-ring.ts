/**
 * ErrorRing: the last requests of one event loop that were refused or failed. Hot path; data plane.
 *
 * Its entries and the bytes of their texts are allocated once and written over in turn, so that a flood of bad requests costs no
 * memory, and nothing of a request is kept alive. Only who asks for them makes objects of them.
 */
import type { Place } from '@sluice/dsl/plan';
import type { FailedRequest, FailureKind } from '../../shared/orders/failed-request.ts';

/** Requests that are remembered. */
export const ERRORS_KEPT = 200;
const METHOD_BYTES = 32;
const PATH_BYTES = 200;
const TEXT_BYTES = METHOD_BYTES + PATH_BYTES;

/** What a failure is noted with, besides its texts. */
export interface NotedFailure {
  kind: FailureKind;
  why: string;
  client: string;
  listener: string;
  status: number;
  place: Place | null;
  backend: string | null;
  server: string | null;
}

interface Entry extends NotedFailure {
  atMs: number;
  methodBytes: number;
  pathBytes: number;
}

export class ErrorRing {
  readonly #entries: readonly Entry[] = Array.from({ length: ERRORS_KEPT }, () => ({
    ...{ atMs: 0, kind: 'refused' as const, why: '', client: '', listener: '', status: 0 },
    ...{ place: null, backend: null, server: null, methodBytes: 0, pathBytes: 0 },
  }));
  readonly #texts = Buffer.alloc(ERRORS_KEPT * TEXT_BYTES);
  #count = 0;

  /** add remembers a failure in place of the oldest one. */
  add(noted: Readonly<NotedFailure>, method: string, path: string, atMs: number): void {
    const index = this.#count++ % ERRORS_KEPT;
    const entry = this.#entries[index]!;
    entry.atMs = atMs;
    entry.kind = noted.kind;
    entry.why = noted.why;
    entry.client = noted.client;
    entry.listener = noted.listener;
    entry.status = noted.status;
    entry.place = noted.place;
    entry.backend = noted.backend;
    entry.server = noted.server;
    const at = index * TEXT_BYTES;
    entry.methodBytes = this.#texts.write(method, at, METHOD_BYTES, 'latin1');
    entry.pathBytes = this.#texts.write(path, at + METHOD_BYTES, PATH_BYTES, 'latin1');
  }

  /** latest are the `most` latest failures, newest first. */
  latest(most: number): readonly FailedRequest[] {
    const found: FailedRequest[] = [];
    for (let back = 1; back <= Math.min(most, this.#count, ERRORS_KEPT); back++) {
      const index = (this.#count - back) % ERRORS_KEPT;
      const { methodBytes, pathBytes, place, ...noted } = this.#entries[index]!;
      const at = index * TEXT_BYTES;
      const pathAt = at + METHOD_BYTES;
      found.push({
        ...noted,
        method: this.#texts.latin1Slice(at, at + methodBytes),
        path: this.#texts.latin1Slice(pathAt, pathAt + pathBytes),
        rule: place === null ? null : `${place.file}:${place.line}`,
      });
    }
    return found;
  }
}
