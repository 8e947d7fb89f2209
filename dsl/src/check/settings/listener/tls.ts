/**
 * Tls: how a listener treats TLS, and the certificates that it gets automatically. Main thread.
 */
import { CertificateList } from './certificate-list.ts';
import { listenerSetting } from './listener-setting.ts';

export const tls = listenerSetting({
  name: 'tls',
  doc: 'handles TLS on every connection',
  example: 'tls terminate cert "certs/site.pem"',
  slot: 'tls',
  args: [],
  defaults: () => ({ tls: null }),
  why: 'a listener speaks what it is asked to',
  read: ({ use }) => ({ tls: use }),
});

export const certificateFrom = listenerSetting({
  name: 'certificate from',
  doc: 'a certificate that the gateway obtains and renews automatically',
  example: 'certificate from acme for www.example.com, example.com',
  slot: 'certificate',
  isRepeatable: true,
  args: [],
  defaults: () => ({ certificates: new CertificateList() }),
  why: 'certificates come from files unless a source is named',
  counts: 'never',
  read({ scope, span, use }, { certificates }) {
    certificates.add(scope, span, use);
    return {};
  },
  /** A certificate is of no use where nothing opens TLS. */
  complete({ scope, span, use, owner }, { tls, certificates }) {
    return tls === null && certificates.isFirst(use) ? scope.error('SL0724', span, { name: owner.name }) : null;
  },
});

export const tlsPassthrough = listenerSetting({
  name: 'tls passthrough',
  doc: 'forwards TLS undecrypted: all connections in a `tcp` listener, in other listeners those that match the line’s condition',
  example: 'tls passthrough to payments when sni pay.example.com',
  isRepeatable: true,
  takesWhen: true,
  args: [{ name: 'to', type: 'backend', before: 'to', doc: 'the backend', isOptional: true }],
  defaults: () => ({ isPassthrough: undefined }),
  why: 'a listener reads what it passes on',
  countsAs: () => 'tls',
  read: () => ({ isPassthrough: true }),
});

export const forwardClientCertificate = listenerSetting({
  name: 'forward client certificate',
  doc: 'forwards the client’s verified certificate to servers in the header Client-Cert (RFC 9440)',
  example: 'forward client certificate',
  isHttpOnly: true,
  args: [],
  defaults: () => ({ forwardsCertificate: undefined }),
  why: 'a certificate says more of a client than servers need to know',
  read: () => ({ forwardsCertificate: true }),
  complete({ scope, span }, { tls }) {
    if (tls !== null) return null;
    const fix = 'Add `tls terminate … client certificate from …`';
    return scope.error('SL0407', span, { word: 'client certificate', where: 'in a listener that opens no TLS' }, fix);
  },
});
