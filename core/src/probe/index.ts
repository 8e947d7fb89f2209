/** @sluice/core/probe: what health checks are made of. Main thread. */
export { shown } from '../shared/shown.ts';
export { resultOfError } from './connect-reason.ts';
export { type Conversation, failed, type Heard, passed } from './conversation.ts';
export { converse, type TlsOptions } from './converse.ts';
