/**
 * VirtualClient: who asks in a simulation: an address, a thread that its connection would be on, and a jar of cookies.
 * Main thread.
 */
import { type IpAddress, parseIp } from '@sluice/dsl/match';
import { ClientPeer } from '../data/exchange/client-peer.ts';
import type { ClientRequest } from './options.ts';
import type { VirtualServer } from './virtual-server.ts';

const DEFAULT_HOST = 'sim.test';

export class VirtualClient {
  readonly number: number;
  readonly keepsCookies: boolean;
  readonly ip: IpAddress;
  readonly peer: ClientPeer;
  /** Of those that keep cookies, by backend: the server that answered it last, and since when. */
  readonly homes = new Map<string, { readonly server: VirtualServer; readonly sinceMs: number }>();
  readonly #cookies = new Map<string, string>();
  #head: Buffer | null = null;

  /** Numbers go up to four million: addresses come from 100.64.0.0/10. */
  constructor(number: number, keepsCookies: boolean, port: number) {
    this.number = number;
    this.keepsCookies = keepsCookies;
    this.ip = parseIp(`100.${64 + ((number >> 16) & 63)}.${(number >> 8) & 255}.${number & 255}`)!;
    this.peer = new ClientPeer(this.ip, { number: port });
  }

  hasCookie(name: string): boolean {
    return this.#cookies.has(name);
  }

  /** keep takes in the value of a Set-Cookie field. */
  keep(setCookie: string): void {
    if (!this.keepsCookies) return;
    const pair = setCookie.split(';', 1)[0]!;
    const equals = pair.indexOf('=');
    if (equals === -1) return;
    this.#cookies.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim());
    this.#head = null;
  }

  /** head is a request's head, as it would send it; null: the same as always. */
  head(request: ClientRequest | null): Buffer {
    if (request !== null) return this.#build(request);
    this.#head ??= this.#build({});
    return this.#head;
  }

  #build({ method = 'GET', target = '/', host = DEFAULT_HOST, headers = {} }: ClientRequest): Buffer {
    let text = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n`;
    for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
    if (this.#cookies.size > 0) {
      text += `Cookie: ${[...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')}\r\n`;
    }
    return Buffer.from(`${text}\r\n`, 'latin1');
  }
}
