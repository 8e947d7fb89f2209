/**
 * MapTable: what a map answers for a key, by hashing. Data plane, hot path; made when a plan is linked.
 *
 * An exact key comes first; then, for hosts, the longest `*.` suffix, for addresses the smallest network, and for paths
 * the longest that the path is under.
 */
import type { MapPlan } from '../../plan/list.ts';
import type { MapTable, MapValues } from '../../plan/value-table.ts';
import { IpTable } from '../address/ip-table.ts';
import { finish } from '../build/steps.ts';
import { isAbsent, isMany, type OneValue, toAddress, toText } from '../facts/fact-value.ts';
import type { FactValue } from '../facts/facts.ts';
import { TextSet, unpackText } from '../text/text-set.ts';
import { buildMapTable } from './build-tables.ts';

/** MapLookup returns the value of a key. What is absent gets the map's `else`; of several values the first counts. */
export type MapLookup = (key: FactValue) => string | number;

/** A map's plan as far as it is looked up in. */
type MapContent = Pick<MapPlan, 'from' | 'entries' | 'otherwise' | 'table'>;

/** compileMap makes a map's look-up. Throws for a key that is no address in a map of addresses. */
export function compileMap(
  map: MapContent,
  answerOf: (value: string | number) => string | number = (value) => value,
): MapLookup {
  const { keys, values } = map.table ?? finish(buildMapTable(map));
  const find = findKey(map.from, keys);
  const value = readValue(values, answerOf);
  const otherwise = answerOf(map.otherwise);
  return (key) => {
    if (isAbsent(key)) return otherwise;
    const number = find(isMany(key) ? key[0]! : key);
    return number < 0 ? otherwise : value(number);
  };
}

/** findKey returns the number of the entry that a key leads to, or -1. */
function findKey(from: MapPlan['from'], keys: MapTable['keys']): (key: OneValue) => number {
  if (keys.kind === 'ip table') {
    const table = new IpTable(keys.words, keys.at);
    return (key) => {
      const address = toAddress(key);
      return address === null ? -1 : table.innermost(address);
    };
  }
  const set = new TextSet(keys);
  if (from === 'host') return (key) => findHost(set, toText(key));
  if (from === 'path') return (key) => set.longestAbove(toText(key));
  return (key) => set.indexOf(toText(key));
}

/** No name is longer (RFC 1035); longer texts are not looked up dot by dot, which would take time beyond their length. */
const LONGEST_HOST = 255;

function findHost(set: TextSet, host: string): number {
  let number = set.indexOf(host);
  if (host.length > LONGEST_HOST) return number;
  for (let dot = host.indexOf('.'); number < 0 && dot >= 0; dot = host.indexOf('.', dot + 1)) {
    number = set.indexOf(`*${host.slice(dot)}`);
  }
  return number;
}

function readValue(
  values: MapValues,
  answerOf: (value: string | number) => string | number,
): (number: number) => string | number {
  switch (values.kind) {
    case 'few': {
      const few = values.values.map(answerOf);
      const { picks } = values;
      return (number) => few[picks[number]!]!;
    }
    case 'numbers':
      return (number) => values.numbers[number]!;
    case 'texts':
      return (number) => answerOf(unpackText(values.starts, values.characters, number));
  }
}

/** linkMaps finds maps by name and compiles each at its first use; backends are answered as what `backend` makes of them. */
export function linkMaps(maps: readonly MapPlan[], backend: (name: string) => number): (name: string) => MapLookup {
  const made = new Map<string, MapLookup>();
  return (name) => {
    let lookup = made.get(name);
    if (lookup === undefined) {
      const map = maps.find((each) => each.name === name);
      if (map === undefined) throw new TypeError(`there is no map \`${name}\``);
      lookup = compileMap(map, map.to === 'backend' ? (of) => backend(String(of)) : undefined);
      made.set(name, lookup);
    }
    return lookup;
  };
}
