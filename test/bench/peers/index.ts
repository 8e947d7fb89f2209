/** All proxies that are compared, HAProxy first: the ratios are to it. */
import { caddy } from './caddy.ts';
import { haproxy, haproxySplicing } from './haproxy.ts';
import { httpProxy } from './http-proxy.ts';
import { nginx } from './nginx.ts';
import type { Peer } from './peer.ts';
import { sluice } from './sluice.ts';

export const PEERS: readonly Peer[] = [haproxy, haproxySplicing, nginx, sluice, caddy, httpProxy];
export type { Peer } from './peer.ts';
