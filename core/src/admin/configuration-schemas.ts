/**
 * ConfigurationSchemas: the shapes of what the admin API takes and answers about the text of the rules. Main thread.
 */
import { closed, count, described, either, flag, list, maybe, object, only, text, textOf } from './schema.ts';

/** The longest rule text, in characters. */
const MOST_RULE_TEXT = 4_194_304;

/** CONFIRM_WITHIN is from a second to a day. */
export const CONFIRM_WITHIN = described(
  textOf({ pattern: '^[1-9]\\d{0,5}(s|m|h)$' }),
  'Rolled back by itself unless it is confirmed within this time, such as `2m`; at most a day.',
);

const TAG = described(text, 'The same for the same text only. It is the ETag, too.');

export const CONFIGURATION = object({
  file: described(maybe(text), 'null: the rules are a text without a file.'),
  text: described(text, 'The rule file as it is on disk, without what it includes.'),
  tag: TAG,
  unconfirmed: described(
    maybe(object({ leftMs: count })),
    'The last change is still to be confirmed, within this time; null: nothing is.',
  ),
});

export const NEW_CONFIGURATION = closed(
  { text: described(textOf({ maxLength: MOST_RULE_TEXT }), 'The whole rule file.') },
  { message: described(textOf({ maxLength: 1000 }), 'Why, for the history.') },
);

const SIDE = object({ text: described(text, 'The rule that decides.'), place: text, verdict: text });

const DIFFERENCES = object({
  isSame: described(flag, 'No request was found that the two versions treat in different ways.'),
  isComplete: described(flag, 'False: there were more pairs of rules than there was time for.'),
  unsettled: described(count, 'Pairs of rules of which it is open whether they overlap.'),
  onlyBefore: described(list(text), 'Listeners that only the running rules have.'),
  onlyAfter: described(list(text), 'Listeners that only the new rules have.'),
  differences: list(
    object({
      listener: text,
      before: SIDE,
      after: SIDE,
      request: described(text, 'An example, as `explain` takes it.'),
      headers: list(list(text)),
    }),
  ),
});

export const CONFIGURED = object({
  tag: TAG,
  generation: described(count, 'The active one.'),
  history: described(maybe(count), 'The number of the entry in the history; null for a dry run.'),
  isApplied: flag,
  differences: described(DIFFERENCES, 'Against the rules that were running, as `sluice diff` shows them.'),
});

export const CONFIRMED = object({ isConfirmed: only(true) });

const ENTRY = {
  number: count,
  at: described(text, 'RFC 3339, UTC.'),
  who: described(maybe(text), 'The name of the token; `sluice`: the gateway rolled back by itself.'),
  message: maybe(text),
  tag: TAG,
};

export const HISTORY = object({ entries: described(list(object(ENTRY)), 'Newest first, at most 100.') });

export const HISTORY_ENTRY = object({ ...ENTRY, text });

/** HISTORY_NUMBER is an entry's number in a path. */
export const HISTORY_NUMBER = textOf({ pattern: '^[1-9]\\d{0,8}$' });

export const YES_OR_NO = either(only('true'), only('false'));
