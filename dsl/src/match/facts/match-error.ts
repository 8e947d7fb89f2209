/**
 * MatchError: a condition could not be decided, because a field's reader failed. Both planes.
 *
 * It never counts as "no match": guards fail closed.
 */

/** MatchError says which rule of the list could not be decided, and which field failed. `cause` is what was thrown. */
export class MatchError extends Error {
  override readonly name = 'MatchError';
  /** The rule's index in its list. */
  readonly rule: number;
  /** Empty when the failure was not a field's. */
  readonly field: string;

  constructor(rule: number, field: string, cause: unknown) {
    const what = field === '' ? 'a condition' : `field \`${field}\``;
    super(`${what} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.rule = rule;
    this.field = field;
  }

  /** from names the rule in whose condition `thrown` was thrown. */
  static from(rule: number, thrown: unknown): MatchError {
    return thrown instanceof FieldFailure
      ? new MatchError(rule, thrown.field, thrown.cause)
      : new MatchError(rule, '', thrown);
  }
}

/** FieldFailure carries a reader's failure up to where the rule is known. */
export class FieldFailure extends Error {
  readonly field: string;

  constructor(field: string, cause: unknown) {
    super(`field \`${field}\` failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.field = field;
  }
}
