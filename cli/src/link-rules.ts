/**
 * LinkRules: makes every rule's action once, as each data thread will, to find those that a plugin refuses. Main thread.
 */
import type { DataEntry, Linker, PluginSet } from '@sluice/core';
import type { Diagnostic } from '@sluice/dsl';
import { compileTemplate } from '@sluice/dsl/match';
import type { Rule } from '@sluice/dsl/plan';

/** The command's one code of its own: a rule that compiles, and that its plugin refuses all the same. */
const REFUSED = 'SC0101';

/** findLinkProblems returns one problem for each rule that cannot be linked. */
export async function findLinkProblems({ plan, entries }: PluginSet): Promise<readonly Diagnostic[]> {
  const imported: DataEntry[] = await Promise.all(entries.map(({ url }) => import(url)));
  const readers = new Map(imported.flatMap(({ fields }) => Object.entries(fields ?? {})));
  const linker: Linker = {
    backend: (name) => plan.backends.findIndex((backend) => backend.name === name),
    template: (template) => compileTemplate(template, readers),
  };
  const problems: Diagnostic[] = [];
  const link = (rule: Rule): void => {
    const entry = imported.find(({ verbs }) => verbs !== undefined && Object.hasOwn(verbs, rule.verb));
    try {
      if (entry === undefined) throw new Error(`no plugin implements \`${rule.verb}\``);
      entry.verbs![rule.verb]!(rule.args, linker);
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      problems.push({ code: REFUSED, severity: 'error', message, mend: null, place: rule.place });
    }
  };
  for (const { guards, changes, routes, responseChanges } of plan.listeners) {
    for (const rules of [guards, changes, routes, responseChanges]) rules.forEach(link);
  }
  return problems;
}
