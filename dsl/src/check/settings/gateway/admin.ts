/**
 * Admin: the settings `admin on ADDRESS [token secret "NAME"]`, `admin token NAME secret "NAME" may ROLE` and `admin audit to "FILE"`. Main
 * thread.
 *
 * Whoever reaches the admin API can take servers out, so an address that others than this machine reach needs a token, and
 * the token is not allowed in the rules.
 */
import { isLoopback } from '../../../plan/address.ts';
import type { Address } from '../../../plan/plan.ts';
import { LISTEN_ADDRESS, readAddress } from '../../values/address.ts';
import { AdminTokenList } from './admin-token-list.ts';
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
    return { admin: { address, token: null } };
  },
  complete({ scope, args: { address: text }, spans }, { admin: read, adminTokens }) {
    if (read === undefined || read.token !== null || isLoopback(read.address) || !adminTokens.isEmpty) return {};
    return scope.error('SL0651', spans.get('address')!, { value: text });
  },
});

export const adminToken = gatewaySetting({
  name: 'admin token',
  doc: 'a named token of the admin API and what its holder may do; two of one name are valid side by side while one replaces the other',
  example: 'admin token monitoring secret "monitoring-token" may read',
  isRepeatable: true,
  args: [
    { name: 'name', type: 'text', doc: 'who has it, as the audit log says' },
    { name: 'token', type: 'text', doc: 'the token, as a secret: `secret "monitoring-token"`' },
    {
      name: 'role',
      type: 'name',
      before: 'may',
      doc: '`read`: look at everything; `operate`: change servers, sessions and certificates, reload, upgrade; `configure`: change the rules, too',
      choices: ['read', 'operate', 'configure'],
    },
  ],
  defaults: () => ({ adminTokens: new AdminTokenList() }),
  why: 'who may do what is for you to say',
  counts: 'never',
  read({ scope, args: { name, token, role }, spans }, { adminTokens }) {
    if (typeof name !== 'string' || !/^[A-Za-z_][\w.@-]{0,63}$/.test(name)) {
      return scope.error('SL0652', spans.get('name')!, { value: typeof name === 'string' ? name : 'secret' });
    }
    if (typeof token !== 'object' || !('secret' in token)) return scope.error('SL0650', spans.get('token')!, {});
    adminTokens.add({ name, secret: token.secret, role });
    return {};
  },
});

export const adminAudit = gatewaySetting({
  name: 'admin audit',
  doc: 'the file that gets a line of JSON for each change made over the admin API, and for each caller that was refused',
  example: 'admin audit to "audit.log"',
  args: [{ name: 'file', type: 'file', before: 'to', doc: 'a file' }],
  defaults: () => ({ adminAudit: undefined }),
  why: 'the lines are in the gateway’s own log, with `"audit":true`',
  read: ({ args }) => ({ adminAudit: args.file }),
});
