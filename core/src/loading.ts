/**
 * @sluice/core/loading: what rules are loaded with, without all that runs them: for tools that start often.
 */

export { loadHeadReader } from './control/explain/head-reader.ts';
export { PluginHost, type PluginSet } from './control/plugins/plugin-host.ts';
export { maskedSecret } from './control/plugins/secrets.ts';
export { startProblems } from './control/reload/start-problems.ts';
export { GatewayError } from './control/report/errors.ts';
export { createLog } from './control/report/log.ts';
export { testRules } from './control/rules/rule-tests.ts';
export type { AdminOptions } from './control/wanted-admin.ts';
export type { DataEntry, Linker } from './plugin/data-entry.ts';
export { importEntries } from './shared/plugins/import-entry.ts';
