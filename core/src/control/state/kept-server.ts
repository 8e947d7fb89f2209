/**
 * KeptServer: what is kept of a server for the next process: what people have set, and how well it is. Main thread.
 *
 * What people set belongs to the name, as over a reload; how well it is, to the name and the address.
 */
import type { ProbeStatus } from '../../plugin/health-check.ts';
import { ADMIN_STATES, type AdminState, LAST_CHECKS, SERVER_STATES } from '../../shared/tables/server-table.ts';
import type { KeptCircuit } from '../health/circuits.ts';
import type { KeptEjection } from '../health/ejections.ts';
import type { KeptHealth } from '../health/health-checker.ts';
import type { HealthEntry } from '../health/health-history.ts';
import type { HealthCounts } from '../health/server-health.ts';
import type { AddedServer } from '../members/added-servers.ts';

/** KeptNumber is a number that somebody set by hand, which holds until the rules have another than they had. */
export interface KeptNumber {
  readonly rules: number;
  readonly set: number;
}

/** KeptDrain is a drain that was still going on. */
export interface KeptDrain {
  /** null: it has no deadline, or that was over. */
  readonly deadlineInMs: number | null;
  readonly isCutting: boolean;
}

export interface KeptServer {
  /** `backend/server`. */
  readonly name: string;
  readonly admin: AdminState;
  readonly drain?: KeptDrain;
  readonly weight?: KeptNumber;
  readonly max?: KeptNumber;
  readonly health?: KeptHealth;
  readonly ejection?: KeptEjection;
}

const PROBE_STATUSES = LAST_CHECKS.filter((check): check is ProbeStatus => check !== 'unknown');
const MOST_WEIGHT = 256;
const MOST_MAX = 1_000_000;
const MOST_ROWS = 16;

/** keptServer checks what was read. Throws for anything that is not a server as it is kept. */
export function keptServer(value: unknown): KeptServer {
  const { name, admin, drain, weight, max, health, ejection } = record(value);
  return {
    name: text(name),
    admin: oneOf(ADMIN_STATES, admin),
    ...(drain === undefined ? {} : { drain: keptDrain(record(drain)) }),
    ...(weight === undefined ? {} : { weight: keptNumber(record(weight), MOST_WEIGHT) }),
    ...(max === undefined ? {} : { max: keptNumber(record(max), MOST_MAX) }),
    ...(health === undefined ? {} : { health: keptHealth(record(health)) }),
    ...(ejection === undefined ? {} : { ejection: keptEjection(record(ejection)) }),
  };
}

/** keptCircuit does the same for a circuit. */
export function keptCircuit(value: unknown): KeptCircuit {
  const { backend, trialInMs } = record(value);
  return { backend: text(backend), trialInMs: amount(trialInMs) };
}

/** keptAdded does the same for a server that was added by hand; whether it can still be added is not known here. */
export function keptAdded(value: unknown): AddedServer {
  const { backend, address, name, weight, max, backup } = record(value);
  return {
    ...{ backend: text(backend), address: text(address), name: text(name) },
    ...{ weight: whole(weight, MOST_WEIGHT), max: whole(max, MOST_MAX), backup: flag(backup) },
  };
}

function keptDrain({ deadlineInMs, isCutting }: Fields): KeptDrain {
  return { deadlineInMs: deadlineInMs === null ? null : amount(deadlineInMs), isCutting: flag(isCutting) };
}

function keptNumber({ rules, set }: Fields, most: number): KeptNumber {
  return { rules: whole(rules, most), set: whole(set, most) };
}

function keptHealth({ address, counts, history, startingForMs }: Fields): KeptHealth {
  if (!Array.isArray(history) || history.length > MOST_ROWS) throw new TypeError('a history is not one');
  return {
    address: text(address),
    counts: keptCounts(record(counts)),
    history: history.map((row) => keptRow(record(row))),
    startingForMs: startingForMs === null ? null : amount(startingForMs),
  };
}

function keptCounts({ state, lastCheck, failures, passes, isOnTrust }: Fields): HealthCounts {
  return {
    state: oneOf(SERVER_STATES, state),
    lastCheck: oneOf(LAST_CHECKS, lastCheck),
    failures: whole(failures),
    passes: whole(passes),
    isOnTrust: flag(isOnTrust),
  };
}

function keptRow({ status, reason, count, firstAgoMs, lastAgoMs, tookMs }: Fields): HealthEntry {
  const times = { firstAgoMs: amount(firstAgoMs), lastAgoMs: amount(lastAgoMs), tookMs: amount(tookMs) };
  return { status: oneOf(PROBE_STATUSES, status), reason: text(reason), count: whole(count), ...times };
}

function keptEjection({ address, leftMs, level, count, reason }: Fields): KeptEjection {
  return {
    address: text(address),
    leftMs: amount(leftMs),
    level: whole(level),
    count: whole(count),
    reason: text(reason),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function record(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${JSON.stringify(value)} is no record`);
  return value as Fields;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`${JSON.stringify(value)} is no text`);
  return value;
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${JSON.stringify(value)} is neither true nor false`);
  return value;
}

function amount(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0)) throw new TypeError(`${JSON.stringify(value)} is no number from 0`);
  return value;
}

function whole(value: unknown, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > most) {
    throw new TypeError(`${JSON.stringify(value)} is no whole number from 0 to ${most}`);
  }
  return value as number;
}

function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word {
  const word = words.find((each) => each === value);
  if (word === undefined) throw new TypeError(`${JSON.stringify(value)} is none of ${words.join(', ')}`);
  return word;
}
