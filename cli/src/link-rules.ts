/**
 * LinkRules: makes every rule's action once, as each data thread will, to find those that a plugin refuses. Main thread.
 */
import { type DataEntry, importEntries, type Linker, maskedSecret, type PluginSet } from '@sluice/core/loading';
import type { Diagnostic } from '@sluice/dsl';
import { compileTemplate, linkMaps } from '@sluice/dsl/match';
import { type Plan, type Rule, withSecrets } from '@sluice/dsl/plan';

/** The command's one code of its own: a rule that compiles, and that its plugin refuses all the same. */
const REFUSED = 'SC0101';

/** planLinker is what verbs are linked with where no gateway runs. No rate is ever exceeded there. */
export function planLinker(plan: Plan, entries: readonly DataEntry[]): Linker {
  const readers = new Map(entries.flatMap(({ fields }) => Object.entries(fields ?? {})));
  const backend = (name: string): number => plan.backends.findIndex((each) => each.name === name);
  return {
    backend,
    template: (template) => compileTemplate(template, readers, maskedSecret),
    map: linkMaps(plan.maps, backend),
    rates: { take: () => 0 },
    scope: '',
  };
}

/** findLinkProblems returns one problem for each rule that cannot be linked. */
export async function findLinkProblems({ plan, entries }: PluginSet): Promise<readonly Diagnostic[]> {
  const imported = await importEntries(entries);
  const linker = planLinker(plan, imported);
  const problems: Diagnostic[] = [];
  const link = (rule: Rule): void => {
    const entry = imported.find(({ verbs }) => verbs !== undefined && Object.hasOwn(verbs, rule.verb));
    try {
      if (entry === undefined) throw new Error(`no plugin implements \`${rule.verb}\``);
      entry.verbs![rule.verb]!(withSecrets(rule.args, maskedSecret), linker);
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      problems.push({ code: REFUSED, severity: 'error', message, fix: null, place: rule.place });
    }
  };
  for (const { guards, changes, routes, responseChanges } of plan.listeners) {
    for (const rules of [guards, changes, routes, responseChanges]) rules.forEach(link);
  }
  return problems;
}
