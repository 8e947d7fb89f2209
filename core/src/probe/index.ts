/** @sluice/core/probe: what health checks and discovery are made of. Main thread. */
export { dnsReason, saysNone } from '../shared/reasons/dns-reason.ts';
export { shown } from '../shared/reasons/shown.ts';
export { tlsReason } from '../shared/reasons/tls-reason.ts';
export { resultOfError } from './connect-reason.ts';
export { type Conversation, failed, type Heard, passed } from './conversation.ts';
export { converse, type TlsOptions } from './converse.ts';
