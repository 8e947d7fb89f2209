/**
 * TraceExporter: what a plugin that reports requests to a tracing system gives to data threads (slot `traces`).
 */
import type { Address, Args } from '@sluice/dsl/plan';
import type { PluginLog } from './plugin-log.ts';

/** TracedPhase is a part of the time of a request. Phases follow each other; between them, the gateway was at work. */
export interface TracedPhase {
  /**
   * `queue`: it waited for a server with room; `connect`: a connection was made, with its TLS; `wait`: it was sent, and no answer came
   * yet; `response`: the rest of the answer.
   */
  readonly name: 'queue' | 'connect' | 'wait' | 'response';
  /** Milliseconds after the start of the request, with fractions. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly backend: string;
  /** Empty: none, as in a queue, or with `serve`. */
  readonly server: string;
  /** Of the server. null: there is none. */
  readonly address: Address | null;
  /** Why it failed, in a few words; empty: it did not. */
  readonly error: string;
}

/** TracedRequest is a request that has ended, and is sampled. It belongs to whoever gets it. */
export interface TracedRequest {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** Of the gateway's span, 16 digits: the parent of what the server reports. */
  readonly spanId: string;
  /** The sender's span; empty: the trace begins here. */
  readonly parentId: string;
  /** The value of `tracestate` that was passed on; empty: none. */
  readonly traceState: string;
  /** When its head was complete, in milliseconds since 1970, with fractions. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly listener: string;
  /** The client, as rules see it; empty: it is not known. */
  readonly client: string;
  /** Empty for a head that could not be read; so are `host` and `path`. */
  readonly method: string;
  /** Of HTTP, as the client speaks it. */
  readonly version: '1.0' | '1.1' | '2';
  readonly scheme: 'http' | 'https';
  readonly host: string;
  /** What the client connected to. */
  readonly port: number;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  /** The value of User-Agent; empty: there was none. */
  readonly userAgent: string;
  /** Of the answer that the client got; 0: none. */
  readonly status: number;
  /** The rule that decided, as `file:line:column`; empty: none did. */
  readonly rule: string;
  /** Where it was sent; empty: nowhere. */
  readonly backend: string;
  /** Who answered, or was tried last; empty: nobody. */
  readonly server: string;
  /** Attempts after the first. */
  readonly retries: number;
  /** Why the gateway refused it before any rule was asked; empty: it did not. */
  readonly refused: string;
  /** Why it ended before its answer was whole, in the words of the access log; empty: it did not. */
  readonly aborted: string;
  readonly phases: readonly TracedPhase[];
}

/** TraceExporter reports requests. One is made for each data thread; it lives over reloads for as long as its options stay the same. */
export interface TraceExporter {
  /** record takes a sampled request that has ended. Hot path: it must keep it for later, in bounded memory, and return at once. */
  record(request: TracedRequest): void;
  /** stop is called once, when nothing more comes: a moment to send what is left, for which the gateway waits at most a second. */
  stop?(): void | Promise<void>;
}

/** TraceExporterHost is what an exporter is given. */
export interface TraceExporterHost {
  readonly log: PluginLog;
  /** The number of the data thread, from 0. */
  readonly thread: number;
}

export type TraceExporterFactory = (options: Args, host: TraceExporterHost) => TraceExporter;
