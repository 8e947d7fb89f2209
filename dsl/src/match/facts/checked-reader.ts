/**
 * CheckedReader: a field's reader whose values are held to the type that its word declares. Both planes; hot path.
 *
 * A value of another type is a failure of the reader and never "absent": a guard that compares it fails closed.
 */
import type { ValueType } from '../../plan/condition.ts';
import type { IpAddress } from '../address/ip-address.ts';
import { parseIp } from '../address/parse-ip.ts';
import type { FactValue, FieldReader } from './facts.ts';
import { wrongValue } from './wrong-value.ts';

/**
 * checkedReader returns a reader that throws TypeError for a value that is not of the declared type: text for `text`, a
 * finite number for `number`, an address (as text, or as `facts.ip` is one) for `ip`, or a list of those. undefined, null
 * and an empty list mean absent. Addresses given as text come out as addresses.
 */
export function checkedReader(type: ValueType, reader: FieldReader): FieldReader {
  switch (type) {
    case 'text':
      return (facts, key) => {
        const value = reader(facts, key);
        return typeof value === 'string' || value === undefined ? value : textValue(value);
      };
    case 'number':
      return (facts, key) => {
        const value = reader(facts, key);
        return typeof value === 'number' && value - value === 0 ? value : numberValue(value);
      };
    case 'ip':
      return (facts, key) => {
        const value = reader(facts, key);
        return isAddress(value) || value === undefined ? value : addressValue(value);
      };
  }
}

function textValue(value: unknown): FactValue {
  if (value === null) return undefined;
  if (!Array.isArray(value)) throw wrong('text', value);
  for (let index = 0; index < value.length; index++) {
    if (typeof value[index] !== 'string') throw wrong('text', value[index]);
  }
  return value as readonly string[];
}

function numberValue(value: unknown): FactValue {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw wrong('a number', value);
  for (const one of value) if (!Number.isFinite(one)) throw wrong('a number', one);
  return value;
}

function addressValue(value: unknown): FactValue {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(addressOf);
  return addressOf(value);
}

function addressOf(value: unknown): IpAddress {
  if (isAddress(value)) return value;
  const address = typeof value === 'string' ? parseIp(value) : null;
  if (address === null) throw wrong('an IP address', value);
  return address;
}

/** isAddress goes by shape: a plugin may carry its own copy of the class. */
function isAddress(value: unknown): value is IpAddress {
  return typeof value === 'object' && value !== null && typeof (value as { word3?: unknown }).word3 === 'number';
}

function wrong(expected: string, value: unknown): TypeError {
  return wrongValue("the field's function returned", value, expected);
}
