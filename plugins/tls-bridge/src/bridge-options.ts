/**
 * BridgeOptions: what `tls bridge` says, read from a plan. Both planes.
 */
import { TLS_LEVELS, type TlsVersions } from '@sluice/certificates/serve';
import type { Args } from '@sluice/dsl/plan';

export interface BridgeOptions extends TlsVersions {
  /** The file of authorities that are believed, absolute once checked; null: those of the system. */
  readonly ca: string | null;
  /** The name to ask for and to find in certificates; null: each server's own. */
  readonly name: string | null;
  /** Any certificate is taken. */
  readonly isInsecure: boolean;
  /** The certificate that servers are shown; null: none. */
  readonly certificate: string | null;
  /** The same as `certificate` where both are in one file; null: not known yet. */
  readonly key: string | null;
  readonly password: string | null;
}

/** bridgeOptions reads the options of a plan, checked or not. */
export function bridgeOptions(options: Args): BridgeOptions {
  const { min } = options;
  return {
    ca: textOf(options.ca),
    name: textOf(options.name),
    isInsecure: options.insecure === true,
    certificate: textOf(options.certificate),
    key: textOf(options.key),
    password: textOf(options.password),
    level: TLS_LEVELS.find((level) => level === options.level) ?? 'intermediate',
    min: min === '1.2' || min === '1.3' ? min : null,
  };
}

function textOf(value: Args[string] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
