/**
 * Checks: a backend's health check as it is carried out: its options with their secrets, its TLS, and what it probes. Main thread.
 */
import { isIP, type LookupFunction } from 'node:net';
import { type Address, type Args, type CheckPlan, type ComponentUse, withSecrets } from '@sluice/dsl/plan';
import type { ServerTls, ServerTlsFactory } from '../../plugin/data-entry.ts';
import type { HealthCheck, ProbeTarget } from '../../plugin/health-check.ts';
import { identityOf } from '../plugins/code-identity.ts';

export interface ChecksOptions {
  /** The component behind a check's name. */
  component(name: string): HealthCheck;
  /** The TLS of a component of the slot `server tls`, for probes. Default: none is there. */
  serverTls?(name: string): ServerTlsFactory | undefined;
  /** Finds the addresses of servers' names. Default: the system's look-up. */
  readonly lookup?: LookupFunction;
  /** The value of a secret that a check's options name. */
  secret(name: string): string;
}

/** Check is a check as it is carried out. */
export interface Check {
  /** Tells one check from another. */
  readonly text: string;
  /** With the values of secrets. */
  readonly options: Args;
  /** The TLS of its probes, made when it is first asked for; null: they speak none. */
  readonly tls: (() => ServerTls) | null;
}

const NO_PROTOCOLS: readonly string[] = [];

export class Checks {
  readonly #options: ChecksOptions;

  constructor(options: ChecksOptions) {
    this.#options = options;
  }

  /** check: where the text of the rules moved to makes no other check, a secret's new value does, and so does another TLS. */
  check(plan: CheckPlan, tls: ComponentUse | undefined): Check {
    const { component, serverTls } = this.#options;
    const valuesOf = (options: Args): Args => withSecrets(options, (name) => this.#options.secret(name));
    const options = valuesOf(plan.probe.options);
    const isSecured = tls !== undefined && plan.isPlain !== true;
    const tlsOptions = isSecured ? valuesOf(tls.options) : null;
    const code = [identityOf(component(plan.probe.name)), isSecured ? identityOf(serverTls?.(tls.name)) : 0];
    const text = JSON.stringify([plan, options, tlsOptions, code], (key, value) =>
      key === 'place' ? undefined : value,
    );
    if (tlsOptions === null) return { text, options, tls: null };
    let made: ServerTls | null = null;
    const make = (): ServerTls => {
      made ??= this.#options.serverTls!(tls!.name)!(tlsOptions);
      return made;
    };
    return { text, options, tls: make };
  }

  target(backend: string, server: string, address: Address, plan: CheckPlan, { tls }: Check): ProbeTarget {
    const { lookup } = this.#options;
    const tlsServer = { backend, name: server, address };
    return {
      backend,
      server,
      address: addressToProbe(address, plan.port),
      ...(plan.sendProxy === null ? {} : { sendProxy: plan.sendProxy }),
      ...(lookup === undefined || !isNamed(address) ? {} : { lookup }),
      ...(tls === null ? {} : { secure: (socket) => tls().secure(socket, tlsServer, NO_PROTOCOLS) }),
    };
  }
}

/** proofKey: a first probe tells of this address by this check, and of no other. */
export function proofKey(address: string, check: Check): string {
  return `${address} ${check.text}`;
}

function isNamed(address: Address): boolean {
  return 'host' in address && isIP(address.host) === 0;
}

function addressToProbe(address: Address, port: number): Address {
  return 'path' in address || port === 0 ? address : { host: address.host, port };
}
