/**
 * @sluice/core/loading: what rules are loaded with, without all that runs them: for tools that start often.
 */
export { GatewayError } from './control/errors.ts';
export { loadHeadReader } from './control/head-reader.ts';
export { createLog } from './control/log.ts';
export { PluginHost, type PluginSet } from './control/plugin-host.ts';
export { testRules } from './control/rule-tests.ts';
export { maskedSecret } from './control/secrets.ts';
export { startProblems } from './control/start-problems.ts';
export type { AdminOptions } from './control/wanted-admin.ts';
export type { DataEntry, Linker } from './plugin/data-entry.ts';
export { importEntries } from './shared/import-entry.ts';
