/**
 * WantedAdmin: which admin API a gateway is to have, by its options and its rules. Main thread; opens nothing.
 */
import { readListenAddress } from '@sluice/dsl';
import {
  type Address,
  type AdminClientPlan,
  type AdminRole,
  addressesOf,
  type ComponentUse,
  isLoopback,
  type Plan,
  sharedAddresses,
} from '@sluice/dsl/plan';
import type { SecretValues } from '../plugins/secrets.ts';
import { formatAddress } from '../reload/ports.ts';
import { GatewayError } from '../report/errors.ts';

/** AdminOptions is an embedder's, or the command line's, wish for an admin API. It comes before what the rules say. */
export interface AdminOptions {
  /** `127.0.0.1:9900` (port 0: any), or `unix:/run/sluice.sock`. Any other than these and `[::1]` needs a token. */
  readonly address: string;
  /** What callers must show, at least 16 characters. Default: the rules' own, if they have one. */
  readonly token?: string;
  /** Tokens with a name and a role, besides it and those of the rules. Default: none. */
  readonly tokens?: readonly AdminToken[];
}

/** AdminToken is a token that callers may show, who has it, and what they may do with it. */
export interface AdminToken {
  readonly name: string;
  /** At least 16 characters of ASCII, without blanks. */
  readonly token: string;
  readonly role: AdminRole;
}

export interface WantedAdmin {
  readonly address: Address;
  /** Neither these nor `clients`: whoever reaches the address may do everything. */
  readonly tokens: readonly AdminToken[];
  /** Callers by their client certificates; of several that fit, the first. */
  readonly clients: readonly AdminClientPlan[];
  /** What opens its connections; null: it speaks plain HTTP. */
  readonly tls: ComponentUse | null;
  /** The file of audit lines; null: the gateway's log. */
  readonly auditFile: string | null;
}

/** The name of the token that is written without one. */
const UNNAMED = 'admin';

const SHORTEST_TOKEN = 16;

/** wantedAdmin returns what is asked for; null: nothing. `false`: none, whatever the rules say. Throws SG0601 to SG0606, and SG0608. */
export function wantedAdmin(
  options: AdminOptions | false | undefined,
  plan: Plan,
  secrets: SecretValues,
): WantedAdmin | null {
  if (options === false) return null;
  const { admin, adminAudit, adminClients: clients = [], adminTls: tls = null } = plan.settings;
  if (options === undefined && admin === undefined) return null;
  const tokens = tokensOf(options, plan, secrets);
  const address = options === undefined ? admin!.address : readAddress(options.address);
  if (tokens.length === 0 && clients.length === 0 && !isLoopback(address)) {
    throw new GatewayError('SG0601', { address: formatAddress(address) });
  }
  if (tls !== null && 'path' in address) throw new GatewayError('SG0608', { address: formatAddress(address) });
  for (const { token } of tokens) {
    if (!/^[\x21-\x7e]+$/.test(token)) throw new GatewayError('SG0604', {});
    if (token.length < SHORTEST_TOKEN) throw new GatewayError('SG0602', { least: SHORTEST_TOKEN });
  }
  needDistinct(tokens);
  for (const { name, ...listener } of plan.listeners) {
    for (const other of addressesOf({ name, ...listener })) {
      if (sharedAddresses([{ address: other }, { address }]).length === 0) continue;
      throw new GatewayError('SG0605', { address: formatAddress(address), listener: name });
    }
  }
  return { address, tokens, clients, tls, auditFile: adminAudit ?? null };
}

function tokensOf(options: AdminOptions | undefined, plan: Plan, secrets: SecretValues): readonly AdminToken[] {
  const { admin, adminTokens = [] } = plan.settings;
  const secret = admin?.token ?? null;
  const unnamed = options?.token ?? (secret === null ? null : secrets[secret]!);
  return [
    ...(unnamed === null ? [] : [{ name: UNNAMED, token: unnamed, role: 'configure' as const }]),
    ...(options?.tokens ?? []),
    ...adminTokens.map(({ name, secret, role }) => ({ name, token: secrets[secret]!, role })),
  ];
}

/** One token for two names, or with two roles, would leave open who a caller is. */
function needDistinct(tokens: readonly AdminToken[]): void {
  const byToken = new Map<string, AdminToken>();
  for (const each of tokens) {
    const before = byToken.get(each.token);
    if (before !== undefined && (before.name !== each.name || before.role !== each.role)) {
      throw new GatewayError('SG0606', { name: before.name, other: each.name });
    }
    byToken.set(each.token, each);
  }
}

function readAddress(text: string): Address {
  const address = readListenAddress(text);
  if (!('problem' in address)) return address;
  throw new GatewayError('SG0603', { address: text, problem: address.problem });
}
