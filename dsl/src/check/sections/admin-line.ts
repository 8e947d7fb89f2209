/**
 * AdminLine: the setting `admin on ADDRESS [token secret "NAME"]`. Main thread.
 *
 * Whoever reaches the admin API can take servers out, so an address that others than this machine reach needs a token, and
 * the token is not allowed in the rules.
 */
import { isLoopback } from '../../plan/address.ts';
import type { Address, AdminPlan } from '../../plan/plan.ts';
import type { Scope } from '../scope/scope.ts';
import { LISTEN_ADDRESS, readAddress } from '../values/address.ts';
import type { SettingLine } from './setting-line.ts';

/** readAdmin returns what the plan holds, or null after reporting. */
export function readAdmin(scope: Scope, { args, spans }: SettingLine): AdminPlan | null {
  const address = readAddress(args.address as string, LISTEN_ADDRESS) as Address;
  const { token } = args;
  if (token !== undefined) {
    if (typeof token === 'object' && token !== null && 'secret' in token) {
      return { address, token: (token as { readonly secret: string }).secret };
    }
    return scope.error('SL0650', spans.get('token')!, {});
  }
  if (isLoopback(address)) return { address, token: null };
  return scope.error('SL0651', spans.get('address')!, { value: args.address as string });
}
