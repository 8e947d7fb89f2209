/**
 * Admin: the setting `admin on ADDRESS [token secret "NAME"]`. Main thread.
 *
 * Whoever reaches the admin API can take servers out, so an address that others than this machine reach needs a token, and
 * the token is not allowed in the rules.
 */
import { isLoopback } from '../../../plan/address.ts';
import type { Address } from '../../../plan/plan.ts';
import { LISTEN_ADDRESS, readAddress } from '../../values/address.ts';
import { gatewaySetting } from './gateway-setting.ts';

export const admin = gatewaySetting({
  name: 'admin',
  doc: 'serves the admin API, for `sluice ctl`, scripts and monitoring',
  example: 'admin on 127.0.0.1:9900',
  args: [
    { name: 'address', type: 'bind', before: 'on', doc: 'a loopback address or `unix:/path`; any other needs a token' },
    {
      name: 'token',
      type: 'text',
      before: 'token',
      doc: 'the token that callers must send, as a secret: `token secret "admin-token"`',
      isOptional: true,
    },
  ],
  defaults: () => ({ admin: undefined }),
  why: 'whoever reaches it can take servers out',
  read({ scope, args: { address: text, token }, spans }) {
    const address = readAddress(text, LISTEN_ADDRESS) as Address;
    if (typeof token === 'object' && 'secret' in token) return { admin: { address, token: token.secret } };
    if (token !== undefined) return scope.error('SL0650', spans.get('token')!, {});
    if (isLoopback(address)) return { admin: { address, token: null } };
    return scope.error('SL0651', spans.get('address')!, { value: text });
  },
});
