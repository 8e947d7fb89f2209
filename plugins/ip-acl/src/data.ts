/**
 * The functions of ip-acl. Data threads; hot path. Must not import the manifest.
 */
import type { Action, Answer, DataEntry, VerbFactory } from '@sluice/core/plugin';
import { aclError } from './errors.ts';

const PASS: Action = { kind: 'pass' };

/** deny answers every request with the one answer that it makes when the plan is linked. */
const deny: VerbFactory = (args) => {
  const status = args.status ?? 403;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 400 || status > 599) {
    throw aclError('SP1201', { status: JSON.stringify(status) });
  }
  const answer: Answer = { status, headers: [], body: null };
  return { kind: 'answer', answer: () => answer };
};

export const fields: NonNullable<DataEntry['fields']> = {
  ip: (facts) => facts.ip,
  port: (facts) => facts.port,
};

export const verbs: NonNullable<DataEntry['verbs']> = { deny, allow: () => PASS };
