export type * from './facts.ts';
export { IpAddress } from './ip-address.ts';
export { ipV4, ipV6, type Network, parseCidr, parseIp } from './parse-ip.ts';
export { normalisePath } from './path.ts';
