/** @sluice/core/probe: what health checks are made of. Main thread. */
export { resultOfError } from './connect-reason.ts';
export { type Conversation, failed, type Heard, passed, shown } from './conversation.ts';
export { converse, type TlsOptions } from './converse.ts';
