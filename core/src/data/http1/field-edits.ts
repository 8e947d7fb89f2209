/**
 * FieldEdits: what the changes of a listener want done to one head. Hot path; data plane.
 *
 * One a thread, filled and used within one turn. `set` and `remove` also hide what the head has under that name.
 */
import type { FieldEditor } from '../../plugin/data-entry.ts';
import { FRAMING } from '../../plugin/framing-fields.ts';
import { isToken } from '../../shared/field-name.ts';
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
  return UNTOUCHABLE.has(lowerName) || lowerName === 'host';
}

/** lowerName checks a name once and remembers it. Throws for what is no name, and for names that no rule may touch. */
function lowerName(name: string): string {
  const known = lowerNames.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (!isToken(name)) throw new Error(`\`${name}\` is no header name`);
  if (UNTOUCHABLE.has(lower))
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

  clear(): void {
    if (this.isEmpty) return;
    this.isEmpty = true;
    this.#lines.clear();
    this.#hidden.length = 0;
  }

  set(name: string, value: string): void {
    const lower = lowerName(name);
    this.#hide(lower);
    this.#lines.set(lower, `${name}: ${toFieldValue(value)}\r\n`);
  }

  add(name: string, value: string): void {
    const lower = lowerName(name);
    this.isEmpty = false;
    this.#lines.set(lower, `${this.#lines.get(lower) ?? ''}${name}: ${toFieldValue(value)}\r\n`);
  }

  remove(name: string): void {
    const lower = lowerName(name);
    this.#hide(lower);
    this.#lines.delete(lower);
  }

  /** hide takes a field of the head out, whatever it is called; a rule may still set it anew. */
  hide(lowerName: string): void {
    this.#hide(lowerName);
  }

  /** hides tells whether a field of the head stays behind. */
  hides(fields: FieldBlock, index: number, head: string): boolean {
    for (const name of this.#hidden) {
      if (fields.isNamed(index, head, name, nameHash(name))) return true;
    }
    return false;
  }

  isHidden(lowerName: string): boolean {
    return this.#hidden.includes(lowerName);
  }

  /** valuesOf are the new values of a field, in order. */
  valuesOf(lowerName: string): string[] {
    const lines = this.#lines.get(lowerName);
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

  #hide(lower: string): void {
    this.isEmpty = false;
    if (!this.#hidden.includes(lower)) this.#hidden.push(lower);
  }
}
