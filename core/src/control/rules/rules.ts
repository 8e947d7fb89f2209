/**
 * Rules: what a gateway is given to run, and how it becomes a plan with its plugins. Main thread.
 *
 * `check`, `run` and reloads all come through here, so that what passes one passes the others.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type CompileOptions, compile, type Diagnostic, formatDiagnostic } from '@sluice/dsl';
import { formatPlace, PLAN_VERSION, type Plan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { AdminOptions } from '../admin/wanted-admin.ts';
import type { PluginHost, PluginSet } from '../plugins/plugin-host.ts';
import { rehearse } from '../rehearsal/rehearsal.ts';
import { outsideProblems } from '../rehearsal/start-problems.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';
import { createLog, problemFields } from '../report/log.ts';
import { testRules } from './rule-tests.ts';

/** Rules is text, a rule file, or a plan that was built without text. */
export type Rules = string | { readonly file: string } | { readonly plan: Plan };

/**
 * loadRules compiles rules and assembles the plugins they need. Warnings are logged. Rejects with SG0201, which holds
 * all diagnostics, SG0202, a plugin's SG01xx, or SG0204 when a test fails that is to be run first.
 */
export async function loadRules(
  rules: Rules,
  plugins: PluginHost,
  log: Logger,
  areTestsRun = true,
  readFile?: CompileOptions['readFile'],
): Promise<PluginSet> {
  plugins.forgetLoaded();
  const set = await plugins.assemble(await planOf(rules, plugins, log, readFile));
  tellWarnings(set, log);
  if (areTestsRun) await testRules(set);
  return set;
}

/** loadRulesToRun does the same for a gateway. Rejects with SG0205, SG0207, or SG0601 to SG0607, for what it could not have beside the rules. */
export async function loadRulesToRun(
  rules: Rules,
  plugins: PluginHost,
  log: Logger,
  { areTestsRun, admin }: { readonly areTestsRun?: boolean; readonly admin?: AdminOptions | false },
): Promise<PluginSet> {
  const set = await loadRules(rules, plugins, log, areTestsRun);
  const [problem] = await outsideProblems(set, admin);
  if (problem !== undefined) throw problem;
  return set;
}

/**
 * rehearseRules does the same for rules that a text is to take the place of, and runs their tests, whatever their settings say. Nothing is
 * logged, opened or started.
 */
export async function rehearseRules(
  rules: Rules,
  text: string,
  plugins: PluginHost,
  admin: AdminOptions | false | undefined,
): Promise<PluginSet> {
  const silent = createLog(false);
  const file = typeof rules === 'object' && 'file' in rules ? resolve(rules.file) : null;
  const read = (path: string): Promise<string | Uint8Array> => (path === file ? Promise.resolve(text) : readFile(path));
  const set = await loadRules(file === null ? text : rules, plugins, silent, false, read);
  const [problem] = await outsideProblems(set, admin);
  if (problem !== undefined) throw problem;
  await testRules(set, true);
  await rehearse(set);
  return set;
}

/** tellWarnings logs what components had to say about their options. */
export function tellWarnings({ warnings }: PluginSet, log: Logger): void {
  for (const { code, place, message } of warnings) {
    log.warn(problemFields({ code, place }), `${formatPlace(place)}: ${message}`);
  }
}

async function planOf(
  rules: Rules,
  plugins: PluginHost,
  log: Logger,
  readFile: CompileOptions['readFile'],
): Promise<Plan> {
  if (typeof rules === 'object' && 'plan' in rules) {
    const { version } = rules.plan;
    if (version !== PLAN_VERSION)
      throw new GatewayError('SG0202', { version: String(version), expected: PLAN_VERSION });
    return rules.plan;
  }
  const source = typeof rules === 'string' ? { text: rules } : rules;
  const { plan, diagnostics, sources } = await compile(source, {
    words: plugins.words(),
    loadPlugin: (use) => plugins.load(use),
    ...(readFile === undefined ? {} : { readFile }),
  }).catch((cause: unknown) => {
    // A given plugin brings a word that the language keeps for itself.
    throw new GatewayError('SG0115', { message: reasonOf(cause) }, { cause });
  });
  const format = (diagnostic: Diagnostic): string => formatDiagnostic(diagnostic, sources);
  if (plan === null)
    throw new GatewayError('SG0201', { report: diagnostics.map(format).join('\n\n') }, { diagnostics });
  for (const diagnostic of diagnostics) log.warn(problemFields(diagnostic), format(diagnostic));
  return plan;
}
