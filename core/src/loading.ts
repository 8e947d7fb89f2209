/**
 * @sluice/core/loading: what rules are loaded with, without all that runs them: for tools that start often.
 */

export type { AdminOptions } from './control/admin/wanted-admin.ts';
export { loadHeadReader } from './control/explain/head-reader.ts';
export { PluginHost, type PluginSet } from './control/plugins/plugin-host.ts';
export { maskedSecret } from './control/plugins/secrets.ts';
export { startProblems } from './control/rehearsal/start-problems.ts';
export { GatewayError } from './control/report/errors.ts';
export { createLog } from './control/report/log.ts';
export { testRules } from './control/rules/rule-tests.ts';
export type { DataEntry, Linker } from './plugin/data-entry.ts';
export { importEntries } from './shared/plugins/import-entry.ts';
