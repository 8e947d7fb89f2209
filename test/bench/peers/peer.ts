/**
 * Peer: one proxy that is compared, configured as somebody who knows it well would. Benchmark code.
 */
import type { LoadCase, Wire } from '../cases.ts';
import type { Certificate } from '../certificate.ts';
import type { Rule } from '../rules.ts';

export interface PeerSetup {
  /** The port to listen on, on 127.0.0.1. */
  readonly port: number;
  readonly wire: Wire;
  /** The origin's port for the wire: of TLS when that is passed through. */
  readonly originPort: number;
  readonly certificate: Certificate;
  /** A folder of its own for configuration and scratch files. */
  readonly folder: string;
  /** Deny rules, for the case that is about them; usually none. */
  readonly rules: readonly Rule[];
}

export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Peer {
  readonly name: string;
  /** What must be there: a command, or a file. */
  isPresent(): boolean;
  /** Is the case one in which it makes sense: it can express thousands of rules, it differs from its sibling… */
  suits(load: LoadCase): boolean;
  /** prepare writes the configuration and says what to start. */
  prepare(setup: PeerSetup): PeerCommand;
  /** version is one line for the report. */
  version(): string;
}
