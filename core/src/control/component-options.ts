/**
 * ComponentOptions: holds every component's options in a plan against its schema, then has the component itself look at them.
 * Main thread; on the one way that `check`, `run` and reloads take.
 */
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '@sluice/dsl';
import type { ComponentUse, Place, Plan } from '@sluice/dsl/plan';
import { formatPlace } from '@sluice/dsl/plan';
import type { Component } from '../plugin/manifest.ts';
import { GatewayError, reasonOf } from './errors.ts';
import { checkOptions } from './options-check.ts';

export type FindComponent = (slot: string, name: string) => Component | undefined;

const REFUSED = 'SG0116';

/**
 * checkComponents returns the plan with the options that components run with: defaults filled in, paths resolved. Rejects
 * with SG0111 or SG0112, or with SG0116, which holds all that the components refuse, as diagnostics too.
 */
export async function checkComponents(plan: Plan, find: FindComponent): Promise<Plan> {
  const problems: Diagnostic[] = [];
  const check = async (owner: string, use: ComponentUse): Promise<ComponentUse> => {
    const component = componentOf(owner, use, find);
    const options = await schemaOptions(owner, use, component);
    if (component.validate === undefined) return { ...use, options };
    try {
      return { ...use, options: Object.freeze(await component.validate(options, folderOf(use.place))) };
    } catch (thrown) {
      const message = `${owner}: ${nameOf(use)}: ${reasonOf(thrown)}`;
      problems.push({ code: REFUSED, severity: 'error', message, mend: null, place: use.place });
      return use;
    }
  };
  const listeners: Plan['listeners'][number][] = [];
  for (const listener of plan.listeners) {
    const owner = `listener \`${listener.name}\``;
    if (listener.protocol === 'tcp') {
      // The language knows them already; `check` must not pass what cannot run.
      const message = `${owner}: listeners that speak tcp are not served yet`;
      problems.push({ code: REFUSED, severity: 'error', message, mend: null, place: listener.place });
    }
    listeners.push({ ...listener, tls: listener.tls === null ? null : await check(owner, listener.tls) });
  }
  const backends: Plan['backends'][number][] = [];
  for (const backend of plan.backends) {
    const owner = `backend \`${backend.name}\``;
    backends.push({
      ...backend,
      balance: await check(owner, backend.balance),
      stick: backend.stick === null ? null : await check(owner, backend.stick),
      check: backend.check === null ? null : { ...backend.check, probe: await check(owner, backend.check.probe) },
    });
  }
  if (problems.length === 0) return { ...plan, listeners, backends };
  const report = problems.map(({ place, message }) => `${formatPlace(place)}: ${message}`).join('\n');
  throw new GatewayError(REFUSED, { report }, { diagnostics: problems });
}

function componentOf(owner: string, use: ComponentUse, find: FindComponent): Component {
  const found = find(use.slot, use.name);
  if (found !== undefined) return found;
  throw new GatewayError('SG0112', { where: whereOf(owner, use), slot: use.slot, name: use.name });
}

async function schemaOptions(owner: string, use: ComponentUse, component: Component): Promise<ComponentUse['options']> {
  if (component.options === undefined) return use.options;
  const result = await checkOptions(component.options, use.options);
  if (result.isValid) return result.options as ComponentUse['options'];
  throw new GatewayError('SG0111', { where: `${whereOf(owner, use)}: ${nameOf(use)}`, problem: result.problem });
}

function whereOf(owner: string, { place }: ComponentUse): string {
  return `${formatPlace(place)}: ${owner}`;
}

function nameOf({ slot, name }: ComponentUse): string {
  return `${slot} \`${name}\``;
}

/** The folder of the file in which something is written; rules that are in no file (`<text>`) are in the process's own. */
function folderOf({ file }: Place): string {
  return file.startsWith('<') ? process.cwd() : dirname(resolve(file));
}
