/**
 * HealthChecker: keeps every server's state in the server table true to its check, over reloads. Main thread.
 *
 * Servers without a check are running. One whose address and check are the same in the next generation keeps its state,
 * its history and its schedule; any other begins anew, on trust.
 */
import type { Address, BackendPlan, CheckPlan, Plan, ServerPlan } from '@sluice/dsl/plan';
import type { HealthCheck, ProbeResult, ProbeTarget } from '../plugin/health-check.ts';
import type { SlotMap } from '../shared/orders.ts';
import { LAST_CHECKS, MAINT, SERVER_STATES, type ServerState, type ServerTable } from '../shared/server-table.ts';
import { ProbeQueue } from './probe-queue.ts';
import { ProbeSchedule } from './probe-schedule.ts';
import { ServerHealth } from './server-health.ts';
import type { Timers } from './timers.ts';

/** ServerEvent is a change of a server's state. */
export interface ServerEvent {
  readonly backend: string;
  readonly server: string;
  readonly from: ServerState;
  readonly to: ServerState;
  /** Why, for people: `status 503, expected 200 (3 in a row)`. */
  readonly reason: string;
}

export interface HealthCheckerOptions {
  readonly servers: ServerTable;
  readonly timers: Timers;
  random(): number;
  /** The component behind a check's name. */
  component(name: string): HealthCheck;
  changed(event: ServerEvent): void;
  /** Most probes at once. Default 64. */
  readonly probesAtOnce?: number;
}

interface Watched {
  readonly identity: string;
  readonly slot: number;
  readonly backend: string;
  readonly server: string;
  readonly health: ServerHealth | null;
  readonly schedule: ProbeSchedule | null;
  reason: string;
}

const PROBES_AT_ONCE = 64;

export class HealthChecker {
  readonly #options: HealthCheckerOptions;
  readonly #queue: ProbeQueue;
  #watched = new Map<string, Watched>();
  #isStarted = false;

  constructor(options: HealthCheckerOptions) {
    this.#options = options;
    this.#queue = new ProbeQueue(options.probesAtOnce ?? PROBES_AT_ONCE);
  }

  /** watch changes over to a plan: its servers, and only those, are probed from now on. */
  watch(plan: Plan, slots: SlotMap): void {
    const before = this.#watched;
    const after = new Map<string, Watched>();
    for (const backend of plan.backends) {
      for (const server of backend.servers) {
        const name = `${backend.name}/${server.name}`;
        const slot = slots.servers[name]!;
        const identity = identityOf(server, backend.check);
        const known = before.get(name);
        if (known !== undefined && known.identity === identity && known.slot === slot) {
          before.delete(name);
          after.set(name, known);
        } else {
          const from = known === undefined ? 'running' : (known.health?.state ?? 'running');
          after.set(name, this.#begin(backend, server, slot, identity));
          if (from === 'running') continue;
          const reason = 'its address or its check was changed';
          this.#options.changed({ backend: backend.name, server: server.name, from, to: 'running', reason });
        }
      }
    }
    for (const { schedule } of before.values()) schedule?.stop();
    this.#watched = after;
  }

  /** start begins to probe; servers watched later are probed at once. */
  start(): void {
    this.#isStarted = true;
    for (const { schedule } of this.#watched.values()) schedule?.start();
  }

  /** stop ends all probes. States stay as they are. */
  stop(): void {
    this.#isStarted = false;
    for (const { schedule } of this.#watched.values()) schedule?.stop();
    this.#watched.clear();
  }

  /** reason is why a server was last found as it is; empty before its first probe. */
  reason(name: string): string {
    return this.#watched.get(name)?.reason ?? '';
  }

  #begin(backend: BackendPlan, server: ServerPlan, slot: number, identity: string): Watched {
    const { servers, timers, random, component } = this.#options;
    const { check } = backend;
    servers.setState(slot, SERVER_STATES.indexOf('running'));
    servers.setLastCheck(slot, LAST_CHECKS.indexOf('unknown'));
    const names = { identity, slot, backend: backend.name, server: server.name, reason: '' };
    if (check === null) return { ...names, health: null, schedule: null };
    const target: ProbeTarget = {
      backend: backend.name,
      server: server.name,
      address: addressToProbe(server.address, check.port),
    };
    const schedule = new ProbeSchedule({
      target,
      check,
      component: component(check.probe.name),
      queue: this.#queue,
      timers,
      random,
      isWanted: () => servers.admin(slot) !== MAINT,
      probed: (result) => this.#probed(watched, result),
    });
    const watched: Watched = { ...names, health: new ServerHealth(check), schedule };
    if (this.#isStarted) schedule.start();
    return watched;
  }

  #probed(watched: Watched, { status, reason }: ProbeResult): void {
    const { servers, changed } = this.#options;
    const health = watched.health!;
    const from = health.state;
    const to = health.note(status);
    watched.reason = reason;
    servers.setLastCheck(watched.slot, LAST_CHECKS.indexOf(health.lastCheck));
    if (to === from) return;
    servers.setState(watched.slot, SERVER_STATES.indexOf(to));
    changed({ backend: watched.backend, server: watched.server, from, to, reason });
  }
}

function addressToProbe(address: Address, port: number): Address {
  return 'path' in address || port === 0 ? address : { host: address.host, port };
}

/** Where the text of the rules moved to is no reason to begin anew. */
function identityOf(server: ServerPlan, check: CheckPlan | null): string {
  return JSON.stringify([server.address, check], (key, value) => (key === 'place' ? undefined : value));
}
