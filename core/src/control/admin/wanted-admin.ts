/**
 * WantedAdmin: which admin API a gateway is to have, by its options and its rules. Main thread; opens nothing.
 */
import { readListenAddress } from '@sluice/dsl';
import { type Address, addressesOf, isLoopback, type Plan, sharedAddresses } from '@sluice/dsl/plan';
import type { SecretValues } from '../plugins/secrets.ts';
import { formatAddress } from '../reload/ports.ts';
import { GatewayError } from '../report/errors.ts';

/** AdminOptions is an embedder's, or the command line's, wish for an admin API. It comes before what the rules say. */
export interface AdminOptions {
  /** `127.0.0.1:9900` (port 0: any), or `unix:/run/sluice.sock`. Any other than these and `[::1]` needs a token. */
  readonly address: string;
  /** What callers must show, at least 16 characters. Default: the rules' own, if they have one. */
  readonly token?: string;
}

export interface WantedAdmin {
  readonly address: Address;
  readonly token: string | null;
}

const SHORTEST_TOKEN = 16;

/** wantedAdmin returns what is asked for; null: nothing. `false`: none, whatever the rules say. Throws SG0601 to SG0605. */
export function wantedAdmin(
  options: AdminOptions | false | undefined,
  plan: Plan,
  secrets: SecretValues,
): WantedAdmin | null {
  if (options === false) return null;
  const { admin } = plan.settings;
  if (options === undefined && admin === undefined) return null;
  const secret = admin?.token ?? null;
  const token = options?.token ?? (secret === null ? null : secrets[secret]!);
  const address = options === undefined ? admin!.address : readAddress(options.address);
  if (token === null && !isLoopback(address)) throw new GatewayError('SG0601', { address: formatAddress(address) });
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) throw new GatewayError('SG0604', {});
  if (token !== null && token.length < SHORTEST_TOKEN) throw new GatewayError('SG0602', { least: SHORTEST_TOKEN });
  for (const { name, ...listener } of plan.listeners) {
    for (const other of addressesOf({ name, ...listener })) {
      if (sharedAddresses([{ address: other }, { address }]).length === 0) continue;
      throw new GatewayError('SG0605', { address: formatAddress(address), listener: name });
    }
  }
  return { address, token };
}

function readAddress(text: string): Address {
  const address = readListenAddress(text);
  if (!('problem' in address)) return address;
  throw new GatewayError('SG0603', { address: text, problem: address.problem });
}
