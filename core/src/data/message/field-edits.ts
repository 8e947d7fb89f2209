/**
 * FieldEdits: what the changes of a listener want done to one head. Hot path; data plane.
 *
 * One a thread, filled and used within one turn. `set` and `remove` also hide what the head has under that name.
 */
import { foldedName } from '@sluice/dsl/match';
import type { FieldEditor } from '../../plugin/data-entry.ts';
import { FRAMING } from '../../plugin/framing-fields.ts';
import { isToken } from '../../shared/judgement/field-name.ts';
import type { FieldBlock } from './field-block.ts';
import { nameHash } from './live-request.ts';

const NOT_LATIN1_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** toFieldValue makes any text safe as a field value: UTF-8 as latin1 text, control characters as blanks. */
export function toFieldValue(value: string): string {
  if (!NOT_LATIN1_VALUE.test(value)) return value;
  return Buffer.from(value, 'utf8')
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, ' ');
}

/** No rule may touch them. */
const UNTOUCHABLE: ReadonlySet<string> = new Set(FRAMING);

const lowerNames = new Map<string, string>();
const MOST_LOWER_NAMES = 4096;

/** isUntouchable tells whether a lower-case name frames messages or steers connections. */
export function isUntouchable(lowerName: string): boolean {
  return UNTOUCHABLE.has(foldedName(lowerName)) || lowerName === 'host';
}

/** lowerName checks a name once and remembers it. Throws for what is no name, and for names that no rule may touch. */
function lowerName(name: string): string {
  const known = lowerNames.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (!isToken(name)) throw new Error(`\`${name}\` is no header name`);
  if (UNTOUCHABLE.has(foldedName(lower)))
    throw new Error(`the header ${name} cannot be changed: the gateway frames messages itself`);
  if (lowerNames.size < MOST_LOWER_NAMES) lowerNames.set(name, lower);
  return lower;
}

export class FieldEdits implements FieldEditor {
  /** Nothing to do: the usual case, asked first. */
  isEmpty = true;
  /** New lines, each with its CR LF. */
  #lines = new Map<string, string>();
  readonly #hidden: string[] = [];
  /** Names that servers may take for one another are one: see FieldBlock.isSpelled. */
  readonly #folds: boolean;

  constructor(folds = false) {
    this.#folds = folds;
  }

  clear(): void {
    if (this.isEmpty) return;
    this.isEmpty = true;
    this.#lines.clear();
    this.#hidden.length = 0;
  }

  set(name: string, value: string): void {
    const lower = lowerName(name);
    this.#hide(lower);
    this.#lines.set(this.#key(lower), `${name}: ${toFieldValue(value)}\r\n`);
  }

  add(name: string, value: string): void {
    const lower = lowerName(name);
    this.isEmpty = false;
    const key = this.#key(lower);
    this.#lines.set(key, `${this.#lines.get(key) ?? ''}${name}: ${toFieldValue(value)}\r\n`);
  }

  remove(name: string): void {
    const lower = lowerName(name);
    this.#hide(lower);
    this.#lines.delete(this.#key(lower));
  }

  /** hide takes a field of the head out, whatever it is called; a rule may still set it again. */
  hide(lowerName: string): void {
    this.#hide(lowerName);
  }

  /** hides tells whether a field of the head stays behind. */
  hides(fields: FieldBlock, index: number, head: string): boolean {
    for (const name of this.#hidden) {
      const hash = nameHash(name);
      if (this.#folds ? fields.isSpelled(index, head, name, hash) : fields.isNamed(index, head, name, hash))
        return true;
    }
    return false;
  }

  isHidden(lowerName: string): boolean {
    return this.#hidden.includes(this.#key(lowerName));
  }

  /** valuesOf are the new values of a field, in order. */
  valuesOf(lowerName: string): string[] {
    const lines = this.#lines.get(this.#key(lowerName));
    if (lines === undefined) return [];
    return lines
      .split('\r\n')
      .slice(0, -1)
      .map((line) => line.slice(line.indexOf(':') + 2));
  }

  /** lines are the new field lines. */
  lines(): string {
    let all = '';
    for (const line of this.#lines.values()) all += line;
    return all;
  }

  /** key is what a lower-case name is filed under. */
  #key(lower: string): string {
    return this.#folds ? foldedName(lower) : lower;
  }

  #hide(lower: string): void {
    this.isEmpty = false;
    const name = this.#key(lower);
    if (!this.#hidden.includes(name)) this.#hidden.push(name);
  }
}
