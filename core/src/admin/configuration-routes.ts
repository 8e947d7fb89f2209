/**
 * ConfigurationRoutes: what carries out the operations on the text of the rules. Main thread.
 */
import { durationMs } from '../control/clock/deadline.ts';
import type { ReplaceResult } from '../control/configuration/configuration.ts';
import type { HistoryEntry } from '../control/configuration/rule-history.ts';
import { AdminError } from './admin-errors.ts';
import type { AnswerOf } from './operations.ts';
import type { RouteRequest } from './route.ts';

const MOST_CONFIRM_MS = 86_400_000;

export async function getConfiguration({
  gateway,
  setTag,
}: RouteRequest<'getConfiguration'>): Promise<AnswerOf<'getConfiguration'>> {
  const current = await gateway.configuration.current();
  setTag(current.tag);
  return current;
}

export async function replaceConfiguration(
  request: RouteRequest<'replaceConfiguration'>,
): Promise<AnswerOf<'replaceConfiguration'>> {
  const { gateway, body, query, ifMatch, caller, record, setTag } = request;
  const isDryRun = query['dry-run'] === 'true';
  const confirmWithinMs = query['confirm-within'] === undefined ? null : durationMs(query['confirm-within']);
  const { text, message = null } = body;
  record({ message, isDryRun, confirmWithinMs });
  if (confirmWithinMs !== null && confirmWithinMs > MOST_CONFIRM_MS) {
    throw new AdminError('SA0106', { problem: 'querystring/confirm-within is more than a day' });
  }
  if (ifMatch === undefined) throw new AdminError('SA0116');
  const [, tag] = /^"([0-9a-f]{32})"$/.exec(ifMatch.trim()) ?? [];
  const result = await gateway.configuration.replace(text, {
    ...{ tag: tag ?? '', who: caller, message, isDryRun, confirmWithinMs },
  });
  record({ before: tag, after: result.isApplied ? result.tag : tag });
  if (result.isApplied) setTag(result.tag);
  return answerOf(result);
}

export async function confirmConfiguration({
  gateway,
}: RouteRequest<'confirmConfiguration'>): Promise<AnswerOf<'confirmConfiguration'>> {
  await gateway.configuration.confirm();
  return { isConfirmed: true };
}

export async function listHistory({ gateway }: RouteRequest<'listHistory'>): Promise<AnswerOf<'listHistory'>> {
  const entries = await gateway.configuration.history();
  return { entries: entries.map(headOf).reverse() };
}

export async function getHistory({ gateway, params }: RouteRequest<'getHistory'>): Promise<AnswerOf<'getHistory'>> {
  return gateway.configuration.entry(Number(params.number));
}

export async function rollbackConfiguration({
  gateway,
  params,
  caller,
  record,
}: RouteRequest<'rollbackConfiguration'>): Promise<AnswerOf<'rollbackConfiguration'>> {
  const before = await gateway.configuration.current();
  const result = await gateway.configuration.rollback(Number(params.number), caller);
  record({ before: before.tag, after: result.tag });
  return answerOf(result);
}

function headOf({ number, at, who, message, tag }: HistoryEntry): Omit<HistoryEntry, 'text'> {
  return { number, at, who, message, tag };
}

function answerOf(result: ReplaceResult): AnswerOf<'replaceConfiguration'> {
  return result;
}
