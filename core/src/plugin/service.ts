/**
 * Service: what answers a backend's requests in place of servers (`serve files …`). Data threads; never blocks.
 *
 * It is asked once a request and may take its time: whatever waits (files, other systems) is awaited, so that the event loop
 * serves others meanwhile. The gateway pulls the body as fast as the client reads it, and sees to time limits, HEAD,
 * framing and connections; the service only says what the answer is.
 */
import type { Args } from '@sluice/dsl/plan';

/** ServedRequest is a request as the rules left it. */
export interface ServedRequest {
  readonly method: string;
  /** Normalised and percent-encoded; `*` for OPTIONS of the whole server. */
  readonly path: string;
  /** With its `?`; empty when there is none. */
  readonly query: string;
  /** header is a field as the client sent it, several joined by `, `. Throws once the request has ended. */
  header(name: string): string | undefined;
}

/** ServedBody is a body that comes in pieces. */
export interface ServedBody {
  /**
   * read fills the buffer from its beginning and resolves to the number of bytes, at least 1. A rejection, or 0, before the
   * answer's `length` has been read breaks the answer off: the client sees that it is not whole.
   */
  read(into: Buffer): Promise<number>;
  /** close is called once, never while a read is under way, however the answer ends. */
  close(): void;
}

/** ServedAnswer is the answer to one request. Header names as they should be sent. */
export interface ServedAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Bytes of the body, exactly. */
  readonly length: number;
  /** For HEAD, too: it is left out then. null: the listener's page for the status, or the standard one. */
  readonly body: Buffer | ServedBody | null;
}

export interface Service {
  /** answer makes the answer, at once or later. A throw or a rejection refuses the request with 500, counted and logged. */
  answer(request: ServedRequest): ServedAnswer | Promise<ServedAnswer>;
}

/** Made once for each backend that uses it, when a plan is linked. */
export type ServiceFactory = (options: Args) => Service;
