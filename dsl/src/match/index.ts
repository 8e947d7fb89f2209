export type * from './facts.ts';
export { IpAddress } from './ip-address.ts';
