/**
 * @sluice/plugin-kit/tls: certificates for tests of TLS modes, TLS to servers, and certificate sources.
 */
export { Authority, hasOpenssl } from './authority.ts';
export { authorityFor, type Certified, certify, makeKey } from './certificates.ts';
export { type Client, ClientAuthority, type ClientOptions } from './client-authority.ts';
