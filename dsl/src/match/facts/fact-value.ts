/**
 * FactValue conversions: what a field gave, as text, number or address. Data plane, hot path.
 */

import type { IpAddress } from '../address/ip-address.ts';
import { parseIp } from '../address/parse-ip.ts';
import type { FactValue } from './facts.ts';

/** A single value of a field. */
export type OneValue = string | number | IpAddress;

/** isMany tells a list of values from one. */
export function isMany(value: Exclude<FactValue, undefined>): value is readonly OneValue[] {
  return Array.isArray(value);
}

/** isAbsent also takes null and an empty list, which a careless reader may give, for nothing. */
export function isAbsent(value: FactValue): value is undefined {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** toText throws for what no reader may give. */
export function toText(value: OneValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (isAddress(value)) return value.text;
  throw wrongValue(value);
}

/** toNumber reads plain decimal numbers (`-12.5`), nothing else; NaN for all other text. */
export function toNumber(value: OneValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return DECIMAL.test(value) ? Number(value) : Number.NaN;
  if (isAddress(value)) return Number.NaN;
  throw wrongValue(value);
}

const DECIMAL = /^-?[0-9]+(?:\.[0-9]+)?$/;

/** toAddress returns null for what is not an address. */
export function toAddress(value: OneValue): IpAddress | null {
  if (typeof value === 'string') return parseIp(value);
  if (typeof value === 'number') return null;
  if (isAddress(value)) return value;
  throw wrongValue(value);
}

/** isAddress goes by shape: a plugin may carry its own copy of the class. */
function isAddress(value: unknown): value is IpAddress {
  return typeof value === 'object' && value !== null && typeof (value as IpAddress).word3 === 'number';
}

function wrongValue(value: unknown): TypeError {
  return new TypeError(`a reader gave a value of type ${typeof value}: expected text, a number or an address`);
}

/** lowerAscii lowers A to Z and leaves every other character alone. */
export function lowerAscii(text: string): string {
  let hasUpper = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
    if (code >= 0x41 && code <= 0x5a) hasUpper = true;
  }
  return hasUpper ? text.toLowerCase() : text;
}
