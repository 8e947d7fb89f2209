/**
 * Jws: requests signed with the account's key (RFC 7515, RFC 8555 section 6.2). Main thread.
 */
import { createHash, createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';

function base64url(bytes: Buffer | string): string {
  return Buffer.from(bytes).toString('base64url');
}

export interface PublicJwk {
  readonly crv: string;
  readonly kty: string;
  readonly x: string;
  readonly y: string;
}

/** publicJwk is the public half of a key on P-256, its members in the order that thumbprints take (RFC 7638). */
export function publicJwk(privateKey: KeyObject): PublicJwk {
  const { crv, kty, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { crv: crv!, kty: kty!, x: x!, y: y! };
}

export function thumbprint(jwk: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
}

/** signedBody is a request's body. `payload` is null for a POST that only reads (RFC 8555 section 6.3). */
export function signedBody(key: KeyObject, header: object, payload: unknown): string {
  const head = base64url(JSON.stringify({ alg: 'ES256', ...header }));
  const body = payload === null ? '' : base64url(JSON.stringify(payload));
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' });
  return JSON.stringify({ protected: head, payload: body, signature: base64url(signature) });
}

/** externalBinding ties a new account to one that the authority knows already (RFC 8555 section 7.3.4). */
export function externalBinding(jwk: PublicJwk, url: string, account: string, key: string): object {
  const head = base64url(JSON.stringify({ alg: 'HS256', kid: account, url }));
  const body = base64url(JSON.stringify(jwk));
  const signature = createHmac('sha256', Buffer.from(key, 'base64url')).update(`${head}.${body}`).digest();
  return { protected: head, payload: body, signature: base64url(signature) };
}
