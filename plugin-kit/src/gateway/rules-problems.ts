/**
 * RulesProblems: what the checker says about rules that use a plugin.
 */
import { createGateway, GatewayError, type PluginManifest } from '@sluice/core';
import { pluginsWith } from './plugins-with.ts';

/** RulesProblem is one problem of a rule file, as `sluice check --json` has it. */
export type RulesProblem = GatewayError['diagnostics'][number];

/**
 * rulesProblems checks a rule file that may use these plugins, besides the standard ones, without opening or starting anything. It
 * returns the errors, and with errors also the warnings; an empty list for rules that can run. Rejects when a plugin itself is
 * refused.
 */
export async function rulesProblems(
  plugins: PluginManifest | readonly PluginManifest[],
  rules: string,
): Promise<readonly RulesProblem[]> {
  try {
    await createGateway({ rules, plugins: pluginsWith(plugins), threads: 0, logger: false });
    return [];
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.diagnostics.length > 0) return thrown.diagnostics;
    throw thrown;
  }
}
