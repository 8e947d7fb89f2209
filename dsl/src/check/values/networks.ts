/**
 * Networks: what may stand behind `per ip`: `/24`, `ipv6 /56`, or both. Main thread.
 */
import { CLIENT_NETWORKS, type ClientNetworks } from '../../match/address/client-network.ts';
import type { BaseArg } from '../../vocabulary/setting-word.ts';
import type { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import { argumentValue } from './argument-value.ts';

const PREFIX: BaseArg = { name: 'prefix', type: 'prefix', doc: 'the bits of a network', min: 1, max: 128 };
const LONGEST_V4 = 32;

/**
 * readNetworks returns the networks that count as one client, null where none are written, undefined after reporting what is wrong. A prefix
 * above 32 can only be one of IPv6, so it needs no word before it.
 */
export function readNetworks(scope: Scope, reader: Reader, arg: BaseArg): ClientNetworks | null | undefined {
  const { reading } = scope;
  const value = { kind: 'argument', arg, isLabel: false } as const;
  const [everyV4, everyV6] = CLIENT_NETWORKS;
  let v4: number | null = null;
  let v6: number | null = null;
  reading?.value(reader, '/24', 'an IPv4 network that counts as one client');
  reading?.value(reader, '/56', 'an IPv6 network that counts as one client');
  const first = reader.peek();
  if (first?.kind === 'word' && first.value.startsWith('/')) {
    reading?.mark(first, value);
    reader.at++;
    const prefix = argumentValue(scope, first, PREFIX) as number | undefined;
    if (prefix === undefined) return undefined;
    if (prefix > LONGEST_V4) v6 = prefix;
    else v4 = prefix;
  }
  if (first?.kind === 'word' && /^\d+$/.test(first.value)) {
    return scope.error('SL0118', first, { word: first.value }, `Write \`/${first.value}\``) ?? undefined;
  }
  const label = reader.peek();
  if (v6 === null) reading?.keyword(reader, 'ipv6', 'the network of an IPv6 client: `ipv6 /56`');
  if (reader.isWord('ipv6')) {
    reading?.markNext(reader, 1, { ...value, isLabel: true });
    reader.at++;
    for (const usual of ['/48', '/56', '/64']) reading?.value(reader, usual, '', '', arg);
    const item = reader.value();
    if (item !== null) reading?.mark(item, value);
    else reading?.stop(reader);
    if (item === null)
      return (
        scope.error('SL0117', label!, { word: 'ipv6', what: 'the bits of a network' }, 'For example `ipv6 /56`') ??
        undefined
      );
    if (v6 !== null) return scope.error('SL0121', label!, { word: 'ipv6' }) ?? undefined;
    v6 = (argumentValue(scope, item, PREFIX) as number | undefined) ?? null;
    if (v6 === null) return undefined;
  }
  return v4 === null && v6 === null ? null : [v4 ?? everyV4, v6 ?? everyV6];
}
