/**
 * Options: what a simulation is told: rules, clients, servers, and what goes wrong. Types only.
 */
import type { Duration } from '../control/clock/deadline.ts';
import type { Rules } from '../control/rules/rules.ts';
import type { PluginManifest } from '../plugin/manifest.ts';
import type { SeededRandom } from './seeded-random.ts';

/** Times is how a time is drawn. A bare duration is always the same; a function returns milliseconds. */
export type Times =
  | Duration
  /** The mean. */
  | { readonly exponential: Duration }
  /** The median; `sigma` (0.5) says how far the others are from it. */
  | { readonly lognormal: Duration; readonly sigma?: number }
  | ((random: SeededRandom) => number);

export interface ClientRequest {
  /** Default `GET`. */
  readonly method?: string;
  /** Default `/`. With its query. */
  readonly target?: string;
  /** Default `sim.test`. */
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ClientsOptions {
  /** The listener that they ask. Default: the first one that speaks HTTP. */
  readonly listener?: string;
  /** Requests a second of all clients together; they come at random, as a Poisson process. */
  readonly rate?: number;
  /** Clients that ask, wait for the answer, think, and ask again. Instead of `rate`, or besides it. */
  readonly inLoop?: number;
  /** How long those think. Default: not at all. */
  readonly think?: Times;
  /** How many clients the requests of `rate` come from, each as often as another. Default 1000. */
  readonly count?: number;
  /** The share of clients, 0 to 1, that keep their cookies. The others are strangers each time. Default 1. */
  readonly sticky?: number;
  /** What a client asks for. Default: the same `GET /` always. */
  request?(client: number, random: SeededRandom): ClientRequest;
}

export interface ServerOptions {
  /** How long an answer takes a server that is well and not slowed down. Default: exponential with a mean of 20 ms. */
  readonly service?: Times;
  /** How many requests it works on at once; the others wait in it. Default: no limit. */
  readonly workers?: number;
  /** How many times as long everything takes it. Default 1. */
  readonly slow?: number;
  /** The share of requests, 0 to 1, that it answers with 503. Default 0. */
  readonly errors?: number;
}

export interface ServersOptions extends ServerOptions {
  /** A cookie that servers give to clients who have none, as an application gives a session. */
  readonly cookie?: string;
  /** What holds for some of them, by `backend/server`. */
  readonly each?: Readonly<Record<string, ServerOptions>>;
}

/**
 * How a server is. `refusing`: its process is gone, connections are refused; `unreachable`: nothing comes back at all; `hung`: it
 * accepts and says nothing until it is well again; `failing`: it answers 503 at once, checks too. Going from `well` to `refusing`
 * or `unreachable` takes open requests with it.
 */
export type Condition = 'well' | 'refusing' | 'unreachable' | 'hung' | 'failing';

/** Happening is one line of the script. Several things may be said at once. */
export interface Happening {
  readonly at: Duration;
  /** `backend/server`, or several. */
  readonly server: string | readonly string[];
  readonly is?: Condition;
  readonly slow?: number;
  readonly errors?: number;
  readonly admin?: 'ready' | 'drain' | 'maint';
  readonly weight?: number;
}

export interface SimulationOptions {
  /** The rules, as a gateway takes them. */
  readonly rules: Rules;
  readonly plugins?: readonly PluginManifest[];
  /** The same seed makes the same run, to the byte. Default 1. */
  readonly seed?: number | string;
  /** Data threads: each has strategies of its own over the counts of all. Clients are spread over them. Default 1. */
  readonly threads?: number;
  readonly clients?: ClientsOptions;
  readonly servers?: ServersOptions;
  /** What happens to servers, in any order. */
  readonly script?: readonly Happening[];
  /** How long one step of the curves of load is. Default 1 s. */
  readonly step?: Duration;
  /** What the trace holds: changes alone, or every request too. The digest is always over everything. Default `changes`. */
  readonly trace?: 'changes' | 'requests';
}
