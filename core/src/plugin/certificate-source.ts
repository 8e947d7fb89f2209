/**
 * CertificateSource: where certificates come from that the gateway gets and renews by itself. Two components of a plugin with the
 * same name belong together: that of the slot `certificates` (a line in `settings`: whom to ask, as whom) and that of the slot
 * `certificate` (a line in a listener: for which names). Main thread; what data threads do for it is in `CertificateProofs`.
 *
 * A certificate lives in a file, PEM, with its chain and its private key, which the source replaces as a whole. The TLS mode of
 * the listener serves it from there, so a gateway that starts anew has it at once.
 */
import type { Args, ListenerPlan } from '@sluice/dsl/plan';
import type { PluginLog } from './plugin-log.ts';

/** KeptCertificate is what a line wishes for. */
export interface KeptCertificate {
  /** In lower case, in ASCII. */
  readonly names: readonly string[];
  /** Absolute. It may not be there yet. */
  readonly file: string;
}

/** ShownCertificate is one that is served from a file. */
export interface ShownCertificate extends KeptCertificate {
  /** In milliseconds since 1970. */
  readonly expiresMs: number;
}

/** CertificateLine is a line of a listener, with its checked options. */
export interface CertificateLine {
  readonly listener: string;
  readonly options: Args;
}

/** CertificateWishes are what the active plan asks of a source. */
export interface CertificateWishes {
  /** The checked options of the line in `settings`. */
  readonly source: Args;
  readonly lines: readonly CertificateLine[];
  readonly listeners: readonly ListenerPlan[];
}

/** CertificateTimers is a clock in milliseconds since 1970, and what can be set on it. */
export interface CertificateTimers {
  now(): number;
  set(callback: () => void, delayMs: number): unknown;
  clear(timer: unknown): void;
}

/** Notices are short texts that all data threads can read at once, by key. */
export interface Notices {
  /** post puts a notice up: when it returns, every data thread sees it. False: there is no room (some 60, of up to 8 KB each). */
  post(key: string, text: string): boolean;
  remove(key: string): void;
}

/** CertificateEvent: a certificate was obtained, or could not be; or its new file (source `file`) is served, or not taken. */
export interface CertificateEvent {
  readonly source: string;
  readonly names: readonly string[];
  readonly isOk: boolean;
  /** For people. */
  readonly reason: string;
  /** When the active one ends, in milliseconds since 1970; null: there is none. */
  readonly expiresMs: number | null;
  /** When the next attempt is due; null: not known. */
  readonly nextMs: number | null;
}

export interface CertificateHost {
  readonly log: PluginLog;
  readonly timers: CertificateTimers;
  /** From 0 up to, not including, 1. */
  random(): number;
  readonly notices: Notices;
  /** The value of a secret that the active plan names. Throws for one that is not there. */
  secret(name: string): string;
  /** changed has the new files served. Resolves when they are, or when the gateway has said why not. */
  changed(): Promise<void>;
  report(event: Omit<CertificateEvent, 'source'>): void;
}

/** CertificateState is how one certificate stands. */
export interface CertificateState {
  readonly names: readonly string[];
  readonly listeners: readonly string[];
  readonly file: string;
  /** `valid`: there is one. `pending`: the first one is under way. `failing`: there is none, and the last attempt failed. `expired`: it ran out. */
  readonly state: 'valid' | 'pending' | 'failing' | 'expired';
  /** In milliseconds since 1970; null: there is none. */
  readonly expiresMs: number | null;
  /** When the next attempt or renewal is due; null: one is under way, or it is somebody else's to renew. */
  readonly nextMs: number | null;
  /** Attempts that failed since the last one that did not. */
  readonly failures: number;
  /** Why the last attempt failed; null: it did not. */
  readonly lastError: string | null;
  /** Since this gateway started. */
  readonly obtained: number;
  readonly failed: number;
}

/** RunningCertificateSource is a source while a gateway runs. */
export interface RunningCertificateSource {
  /** keep hears what the active plan wishes for: at the start, and after each reload. What is wished for no more is given up. */
  keep(wishes: CertificateWishes): void;
  states(): readonly CertificateState[];
  /** renew tries for a certificate with this name now, whatever the schedule says. False: there is none. */
  renew(name: string): boolean;
  /** stop gives up what is under way. */
  stop(): Promise<void>;
}

export interface CertificateSource {
  /** open begins for one gateway. Nothing is asked for before `keep`. */
  open(host: CertificateHost): RunningCertificateSource;
}
