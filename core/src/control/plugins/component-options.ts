/**
 * ComponentOptions: holds every component's options in a plan against its schema, then has the component itself look at them.
 * Main thread; on the one way that `check`, `run` and reloads take.
 */
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '@sluice/dsl';
import { wrongValue } from '@sluice/dsl/match';
import type { BackendPlan, CheckPlan, ComponentUse, DiscoveryPlan, ListenerPlan, Place, Plan } from '@sluice/dsl/plan';
import { formatPlace } from '@sluice/dsl/plan';
import type { KeptCertificate } from '../../plugin/certificate-source.ts';
import type { Component, ValidateHost } from '../../plugin/manifest.ts';
import { pluginCodeOf } from '../../plugin/plugin-error.ts';
import { PLUGIN_LIMITS, withinLimit } from '../clock/time-limit.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';
import { checkOptions } from './options-check.ts';

export type FindComponent = (slot: string, name: string) => Component | undefined;

/** CheckedComponents is a plan with the options that components run with, and what they had to say. */
export interface CheckedComponents {
  /** Defaults filled in, paths resolved. */
  readonly plan: Plan;
  readonly warnings: readonly Diagnostic[];
  /** The files and folders that the options depend on, absolute. */
  readonly files: readonly string[];
}

const REFUSED = 'SG0116';
const WARNED = 'SG0117';

/**
 * checkComponents checks the options of all components. Rejects with SG0111 or SG0112, or with SG0116, which holds all that the
 * components refuse, as diagnostics too, under the plugin's own code where it has one. `secret` reads the value of a secret that the plan names. `isTrial`: the plan
 * will not run. `limitMs`: how long a component may take to look at its options.
 */
export async function checkComponents(
  plan: Plan,
  find: FindComponent,
  secret: ValidateHost['secret'],
  isTrial = false,
  limitMs = PLUGIN_LIMITS.startMs,
): Promise<CheckedComponents> {
  const problems: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const files = new Set<string>();
  const check = async (
    owner: string,
    use: ComponentUse,
    known: Pick<ValidateHost, 'servers' | 'isPlain' | 'certificates' | 'source' | 'listeners' | 'admin'> = {},
  ): Promise<ComponentUse> => {
    const component = componentOf(owner, use, find);
    const options = await schemaOptions(owner, use, component);
    const keep = (checked: ComponentUse['options']): ComponentUse => {
      for (const file of component.files?.(checked) ?? []) files.add(file);
      return { ...use, options: checked };
    };
    if (component.validate === undefined) return keep(options);
    const told = (code: string, severity: Diagnostic['severity'], said: string): Diagnostic => ({
      code,
      severity,
      message: `${owner}: ${nameOf(use)}: ${said}`,
      fix: null,
      place: use.place,
    });
    const host: ValidateHost = {
      secret,
      servers: [],
      ...known,
      isTrial,
      warn: (said) => void warnings.push(told(WARNED, 'warning', said)),
    };
    try {
      const validated = component.validate(options, folderOf(use.place), host);
      const late = (): Error => new Error(`it has not looked at its options within ${limitMs} ms`);
      const checked: unknown = await withinLimit(validated, limitMs, late);
      if (typeof checked !== 'object' || checked === null)
        throw wrongValue('its `validate` returned', checked, 'the options');
      return keep(Object.freeze(checked as ComponentUse['options']));
    } catch (thrown) {
      problems.push(told(pluginCodeOf(thrown) ?? REFUSED, 'error', reasonOf(thrown)));
      return use;
    }
  };
  const sources: ComponentUse[] = [];
  for (const use of plan.settings.certificateSources ?? []) sources.push(await check('settings', use));
  const { traces } = plan.settings;
  const exporter = traces === undefined ? {} : { traces: await check('settings', traces) };
  const { adminTls, adminClients = [] } = plan.settings;
  const adminUse = { admin: { namesClients: adminClients.length > 0 } };
  const admin = adminTls === undefined ? {} : { adminTls: await check('the admin API', adminTls, adminUse) };
  const isEverySourceRight = problems.length === 0;
  const listeners: Plan['listeners'][number][] = [];
  for (const listener of plan.listeners) {
    const owner = `listener \`${listener.name}\``;
    const certificates: ComponentUse[] = [];
    const kept: KeptCertificate[] = [];
    const before = problems.length;
    // What lines say can only be looked at beside a source that is right.
    for (const use of isEverySourceRight ? (listener.certificates ?? []) : []) {
      const source = sources.find(({ name }) => name === use.name);
      const known = { listeners: plan.listeners, ...(source === undefined ? {} : { source: source.options }) };
      const checked = await check(owner, use, known);
      certificates.push(checked);
      if (problems.length === before) kept.push(componentOf(owner, use, find).kept!(checked.options));
    }
    // Without what is wrong with a certificate, what TLS has to say of it would be misleading.
    const isTlsChecked = isEverySourceRight && problems.length === before;
    listeners.push({
      ...listener,
      ...(certificates.length === 0 ? {} : { certificates }),
      tls:
        listener.tls !== null && (isTlsChecked || listener.certificates === undefined)
          ? await check(owner, listener.tls, { certificates: kept })
          : listener.tls,
    });
  }
  const backends: Plan['backends'][number][] = [];
  for (const backend of plan.backends) {
    const owner = `backend \`${backend.name}\``;
    const discoveries: DiscoveryPlan[] = [];
    const unreachable = backend.check === null ? null : portProblem(backend.check, backend);
    if (unreachable !== null) {
      const message = `${owner}: ${nameOf(backend.check!.probe)}: ${unreachable}`;
      problems.push({ code: REFUSED, severity: 'error', message, fix: null, place: backend.check!.probe.place });
    }
    for (const each of backend.discoveries ?? []) discoveries.push({ ...each, use: await check(owner, each.use) });
    backends.push({
      ...backend,
      ...(discoveries.length === 0 ? {} : { discoveries }),
      balance: await check(owner, backend.balance),
      stick: backend.stick === null ? null : await check(owner, backend.stick),
      serve: backend.serve === null ? null : await check(owner, backend.serve),
      ...(backend.tls === undefined ? {} : { tls: await check(owner, backend.tls, { servers: backend.servers }) }),
      check:
        backend.check === null
          ? null
          : {
              ...backend.check,
              probe: await check(owner, backend.check.probe, {
                servers: backend.servers,
                isPlain: backend.check.isPlain === true,
              }),
            },
    });
  }
  for (const { name, tls } of plan.backends) {
    const passing = tls === undefined ? undefined : plan.listeners.find((listener) => passesOnTo(listener, name));
    if (passing === undefined) continue;
    const message = `backend \`${name}\`: ${nameOf(tls!)}: listener \`${passing.name}\` passes TLS on to it that is not opened here, and TLS within TLS is what no server expects: take out one of the two`;
    problems.push({ code: REFUSED, severity: 'error', message, fix: null, place: tls!.place });
  }
  if (problems.length === 0) {
    const settings = {
      ...plan.settings,
      ...exporter,
      ...admin,
      ...(sources.length === 0 ? {} : { certificateSources: sources }),
    };
    return { plan: { ...plan, settings, listeners, backends }, warnings, files: [...files] };
  }
  const report = problems.map(({ place, message }) => `${formatPlace(place)}: ${message}`).join('\n');
  throw new GatewayError(REFUSED, { report }, { diagnostics: problems });
}

/** portProblem: a port of its own is asked at an IP address or a name; a Unix socket has none. */
function portProblem({ port }: CheckPlan, { servers, discoveries }: BackendPlan): string | null {
  const isMeaningless = port !== 0 && discoveries === undefined && servers.every(({ address }) => 'path' in address);
  return isMeaningless ? `\`port ${port}\` is asked nowhere: all servers of the backend are Unix sockets` : null;
}

function passesOnTo({ passthroughs = [], isPassthrough, routes }: ListenerPlan, backend: string): boolean {
  return [...passthroughs, ...(isPassthrough === true ? routes : [])].some(({ args }) => args.backend === backend);
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
