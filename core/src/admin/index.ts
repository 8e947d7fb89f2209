/**
 * @sluice/core/admin: the admin API as a client needs it: its operations, and the types of what they take and answer. It loads
 * neither the gateway nor the server of the API.
 */
export { type AnswerOf, type BodyOf, OPERATIONS, type OperationId, type ParamsOf, type QueryOf } from './operations.ts';
export type { TypeOf } from './schema.ts';
