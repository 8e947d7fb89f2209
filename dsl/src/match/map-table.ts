/**
 * MapTable: what a map answers for a key, by hashing. Data plane, hot path; made when a plan is linked.
 *
 * An exact key comes first; then, for hosts, the longest `*.` suffix, for addresses the smallest network, and for paths
 * the longest that the path is under.
 */
import type { MapPlan } from '../plan/list.ts';
import { isAbsent, isMany, toAddress, toText } from './fact-value.ts';
import type { FactValue } from './facts.ts';
import { IpTable } from './ip-table.ts';
import { type Network, parseCidr } from './parse-ip.ts';

/** MapLookup returns the value of a key. What is absent gets the map's `else`; of several values the first counts. */
export type MapLookup = (key: FactValue) => string | number;

/** compileMap makes a map's look-up. Throws for a key that is no address in a map of addresses. */
export function compileMap({ from, entries, otherwise }: Pick<MapPlan, 'from' | 'entries' | 'otherwise'>): MapLookup {
  const one = from === 'ip' ? addressLookup(entries, otherwise) : textLookup(from, new Map(entries), otherwise);
  return (key) => {
    if (isAbsent(key)) return otherwise;
    return one(isMany(key) ? key[0]! : key);
  };
}

type One = Exclude<FactValue, undefined | readonly string[]>;

function textLookup(
  from: MapPlan['from'],
  values: ReadonlyMap<string, string | number>,
  otherwise: string | number,
): (key: One) => string | number {
  if (from === 'host') return (key) => hostValue(values, toText(key)) ?? otherwise;
  if (from === 'path') return (key) => pathValue(values, toText(key)) ?? otherwise;
  return (key) => values.get(toText(key)) ?? otherwise;
}

function hostValue(values: ReadonlyMap<string, string | number>, host: string): string | number | undefined {
  let value = values.get(host);
  for (let dot = host.indexOf('.'); value === undefined && dot >= 0; dot = host.indexOf('.', dot + 1)) {
    value = values.get(`*${host.slice(dot)}`);
  }
  return value;
}

function pathValue(values: ReadonlyMap<string, string | number>, path: string): string | number | undefined {
  let value = values.get(path);
  for (let slash = path.lastIndexOf('/'); value === undefined && slash >= 0; ) {
    value = values.get(path.slice(0, slash + 1)) ?? values.get(path.slice(0, slash));
    slash = slash === 0 ? -1 : path.lastIndexOf('/', slash - 1);
  }
  return value;
}

function addressLookup(entries: MapPlan['entries'], otherwise: string | number): (key: One) => string | number {
  const networks = entries.map(([key]): Network => {
    const network = parseCidr(key);
    if (network === null) throw new TypeError(`\`${key}\` is not an IP address or range, such as 10.0.0.0/8`);
    return network;
  });
  const table = new IpTable(networks);
  return (key) => {
    const address = toAddress(key);
    const at = address === null ? -1 : table.innermost(address);
    return at < 0 ? otherwise : entries[at]![1];
  };
}

/** linkMaps finds maps by name and compiles each at its first use; backends are answered as what `backend` makes of them. */
export function linkMaps(maps: readonly MapPlan[], backend: (name: string) => number): (name: string) => MapLookup {
  const made = new Map<string, MapLookup>();
  return (name) => {
    let lookup = made.get(name);
    if (lookup === undefined) {
      const map = maps.find((each) => each.name === name);
      if (map === undefined) throw new TypeError(`there is no map \`${name}\``);
      const value = (of: string | number): string | number => (map.to === 'backend' ? backend(String(of)) : of);
      const entries = map.entries.map(([key, of]) => [key, value(of)] as const);
      lookup = compileMap({ from: map.from, entries, otherwise: value(map.otherwise) });
      made.set(name, lookup);
    }
    return lookup;
  };
}
