/**
 * EventStreams: the gateway's events, as server-sent events to whoever listens. Main thread.
 *
 * Subscribed to the gateway once, however many streams there are. A stream whose reader does not keep up is ended: it may
 * come back and ask for the state as it is then.
 */
import type { ServerResponse } from 'node:http';
import type { Gateway } from '../control/gateway.ts';
import type { GatewayEvents } from '../control/gateway-events.ts';
import { AdminError } from './admin-errors.ts';

/** `listenerFailed` is about an embedder's own code, and for that. */
type ToldEvent = Exclude<keyof GatewayEvents, 'listenerFailed'>;

/** One for each event of the gateway: none is left out by mistake. */
const TOLD: Readonly<Record<ToldEvent, true>> = {
  server: true,
  circuit: true,
  admin: true,
  set: true,
  drained: true,
  fallBack: true,
  discovery: true,
  reload: true,
  list: true,
  files: true,
  certificate: true,
  thread: true,
  listening: true,
};

/** EVENTS are those that are told, by name. */
export const EVENTS = Object.keys(TOLD) as readonly ToldEvent[];

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'close' };
const MOST_STREAMS = 16;
const MOST_WAITING_BYTES = 262_144;
const PULSE_MS = 15_000;

export class EventStreams {
  readonly #gateway: Gateway;
  readonly #streams = new Set<ServerResponse>();
  readonly #listeners: readonly { readonly name: keyof GatewayEvents; readonly hear: (event: unknown) => void }[];
  readonly #pulse: NodeJS.Timeout;
  #last = 0;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#listeners = EVENTS.map((name) => ({ name, hear: (event) => this.#publish(name, event) }));
    for (const { name, hear } of this.#listeners) gateway.on(name, hear);
    // A reader that has gone without a word is found by writing to it.
    this.#pulse = setInterval(() => this.#send(': still here\n\n'), PULSE_MS).unref();
  }

  /** admit throws SA0109 when there is no room for another stream. */
  admit(): void {
    if (this.#streams.size >= MOST_STREAMS) throw new AdminError('SA0109', { limit: MOST_STREAMS });
  }

  /** open makes an answer a stream. Call admit first. */
  open(response: ServerResponse): void {
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
    response.on('error', () => {});
    response.writeHead(200, HEADERS);
    response.write(': events of a gateway\n\n');
  }

  /** head answers who only wants to know how a stream would begin. */
  head(response: ServerResponse): void {
    response.writeHead(200, HEADERS).end();
  }

  /** close ends all streams and leaves the gateway alone. */
  close(): void {
    clearInterval(this.#pulse);
    for (const { name, hear } of this.#listeners) this.#gateway.off(name, hear);
    for (const stream of this.#streams) stream.end();
  }

  #publish(name: string, event: unknown): void {
    this.#send(`id: ${++this.#last}\nevent: ${name}\ndata: ${JSON.stringify(plain(event))}\n\n`);
  }

  #send(text: string): void {
    for (const stream of this.#streams) {
      if (stream.writableLength > MOST_WAITING_BYTES) stream.destroy();
      else stream.write(text);
    }
  }
}

/** An error prints as nothing; its code and message are what there is to tell. */
function plain(event: unknown): unknown {
  const { error } = event as { readonly error?: { readonly code: string; readonly message: string } };
  return error instanceof Error ? { ...(event as object), error: { code: error.code, message: error.message } } : event;
}
