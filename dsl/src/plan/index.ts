export {
  type AccessLogPlan,
  accessLogsOf,
  destinationKey,
  type LogDestination,
  type LogFormat,
  type LogRotation,
  SYSLOG_FACILITIES,
} from './access-log.ts';
export { addressesOf, isLoopback, isSocketFile, sharedAddresses, socketName, withoutZone } from './address.ts';
export type * from './condition.ts';
export { FORWARDING_FIELDS } from './forwarding-fields.ts';
export type * from './list.ts';
export { LOG_FIELDS, type LogField, type LogFieldName, RESPONSE_HEADER } from './log-field.ts';
export {
  DEFAULT_PATHS,
  isDefaultPaths,
  LOOSEST_PATHS,
  PATH_READERS,
  type PathPolicy,
  type PathReader,
  pathPolicyFor,
  SINGLE_READERS,
} from './path-policy.ts';
export { formatPlace, type Place } from './place.ts';
export * from './plan.ts';
export { type NewEntries, replaceEntries } from './replace-entries.ts';
export type * from './rule.ts';
export { secretsOf, secretVariable, withSecrets } from './secret.ts';
export type * from './test.ts';
export type * from './value-table.ts';
