/**
 * Admin: the settings `admin on ADDRESS [token secret "NAME"]`, `admin token NAME secret "NAME" may ROLE`, `admin tls …`,
 * `admin client certificate "NAME" may ROLE` and `admin audit to "FILE"`. Main thread.
 *
 * Whoever reaches the admin API can take servers out, so an address that others than this machine reach needs a token, and
 * the token is not allowed in the rules.
 */
import { isLoopback } from '../../../plan/address.ts';
import type { Address } from '../../../plan/plan.ts';
import { LISTEN_ADDRESS, readAddress } from '../../values/address.ts';
import { AdminClientList } from './admin-client-list.ts';
import { AdminTokenList } from './admin-token-list.ts';
import { gatewaySetting } from './gateway-setting.ts';

const ROLE_DOC =
  '`read`: look at everything; `operate`: change servers, sessions and certificates, reload, upgrade; `configure`: change the rules, too';

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
  read({ scope, span, args: { address: text, token }, spans }) {
    const address = readAddress(text, LISTEN_ADDRESS) as Address;
    const place = scope.place(span);
    if (typeof token === 'object' && 'secret' in token) return { admin: { address, token: token.secret, place } };
    if (token !== undefined) return scope.error('SL0650', spans.get('token')!, {});
    return { admin: { address, token: null, place } };
  },
  complete({ scope, args: { address: text }, spans }, { admin: read, adminTokens, adminClients }) {
    const isOpen = read !== undefined && read.token === null && adminTokens.isEmpty && adminClients.isEmpty;
    if (!isOpen || isLoopback(read.address)) return {};
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
      doc: ROLE_DOC,
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

export const adminTls = gatewaySetting({
  name: 'admin tls',
  doc: 'serves the admin API over TLS',
  example: 'admin tls terminate cert "certs/admin.pem"',
  slot: 'tls',
  args: [],
  defaults: () => ({ adminTls: undefined }),
  why: 'a loopback address and a Unix socket do not leave the machine',
  read: ({ use }) => ({ adminTls: use }),
  complete({ scope, span }, { admin: read }) {
    return read !== undefined && 'path' in read.address ? scope.error('SL0653', span, {}) : null;
  },
});

export const adminClient = gatewaySetting({
  name: 'admin client certificate',
  doc: 'what callers with this client certificate may do, without a token. Of several lines that fit a certificate, the first applies',
  example: 'admin client certificate "deploy.example.com" may operate',
  isRepeatable: true,
  args: [
    {
      name: 'name',
      type: 'text',
      doc: 'the common name, or a DNS name, email address or URI of the certificate, in full; the audit log has it',
    },
    { name: 'role', type: 'name', before: 'may', doc: ROLE_DOC, choices: ['read', 'operate', 'configure'] },
  ],
  defaults: () => ({ adminClients: new AdminClientList() }),
  why: 'a certificate says who somebody is, not what they may do',
  counts: 'never',
  read({ scope, span, args: { name, role }, spans }, { adminClients }) {
    if (typeof name !== 'string' || !/^[^\p{C}]{1,255}$/u.test(name)) {
      return scope.error('SL0654', spans.get('name')!, { value: typeof name === 'string' ? name : 'secret' });
    }
    adminClients.add(scope, span, { name, role });
    return {};
  },
  complete({ scope, span }, { adminTls: tls }) {
    if (tls !== undefined) return null;
    const fix = 'Add `admin tls terminate cert "FILE" client certificate from "FILE"`';
    return scope.error('SL0117', span, { word: 'admin client certificate', what: '`admin tls`' }, fix);
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
