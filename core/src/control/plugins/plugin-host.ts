/**
 * PluginHost: loads plugins, checks their options, starts them in order and stops them in reverse. Main thread.
 *
 * `assemble` makes the set of plugins that one plan needs: those the embedder gave, then those of its `use` lines. `start`
 * starts what of a set does not run yet; `settle` stops, once the old generation is over, what the set lacks. A plugin whose
 * options changed is stopped and started again.
 */
import type { Diagnostic } from '@sluice/dsl';
import type { Plan, PluginUse } from '@sluice/dsl/plan';
import type { OwnedWord, Word } from '@sluice/dsl/vocabulary';
import type { Logger } from 'pino';
import type { Component, PluginManifest } from '../../plugin/manifest.ts';
import type { EntryRef } from '../../shared/orders/orders.ts';
import type { CodeOwner } from '../../shared/plugins/blame.ts';
import { ENTRY_SECTIONS } from '../../shared/plugins/checked-entry.ts';
import { importEntry } from '../../shared/plugins/import-entry.ts';
import { withTag } from '../../shared/plugins/plugin-modules.ts';
import { PLUGIN_LIMITS, type PluginLimits, withinLimit } from '../clock/time-limit.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';
import { pluginLog } from '../report/log.ts';
import { checkComponents } from './component-options.ts';
import { checkManifest, checkSchemas, checkTogether } from './manifest-check.ts';
import { checkOptions } from './options-check.ts';
import { codeOf, entryUrl } from './plugin-code.ts';
import { type ImportedPlugin, importPlugin } from './plugin-source.ts';
import { readSecrets, type SecretValues } from './secrets.ts';

type Options = Readonly<Record<string, unknown>>;

/** PluginRequest is what a compiler asks of the host for one `use` line. */
export interface PluginRequest {
  readonly name: string;
  readonly from: string;
  readonly baseDir: string;
  readonly options: Options;
}

interface Plugin {
  readonly manifest: PluginManifest;
  readonly options: Options;
}

/** PluginSet is the plugins of one plan, checked together. */
export interface PluginSet {
  /** The plan with all component options checked and their defaults filled in. */
  readonly plan: Plan;
  /** The plan as it was compiled, to check the options anew. */
  readonly source: Plan;
  /** What components had to say that is no reason to refuse. */
  readonly warnings: readonly Diagnostic[];
  /** The files and folders that component options depend on. */
  readonly files: readonly string[];
  readonly plugins: readonly Plugin[];
  /** The code of those that `use` lines name, by their URLs. */
  readonly code: ReadonlyMap<string, ImportedPlugin>;
  readonly entries: readonly EntryRef[];
  /** The values of the secrets that the plan names. Never shown. */
  readonly secrets: SecretValues;
  component(slot: string, name: string): Component | undefined;
}

export class PluginHost {
  readonly #given: readonly PluginManifest[];
  readonly #log: Logger;
  readonly #limits: PluginLimits;
  /** What `load` has imported for the plan that is being compiled. */
  readonly #loaded = new Map<string, ImportedPlugin>();
  #running: Plugin[] = [];

  /** Throws SG0104 to SG0107 or SG0122 for a manifest that is no good. */
  constructor(given: readonly PluginManifest[], log: Logger, limits: PluginLimits = PLUGIN_LIMITS) {
    for (const manifest of given) checkManifest(manifest);
    checkTogether(given);
    this.#given = given;
    this.#log = log;
    this.#limits = limits;
  }

  /** words is the vocabulary of the given plugins. */
  words(): readonly OwnedWord[] {
    return this.#given.flatMap((manifest) => wordsOf(manifest).map((word) => ({ ...word, plugin: manifest.name })));
  }

  /** load imports the plugin of a `use` line and checks it and its options. Throws SG01xx. */
  async load(request: PluginRequest): Promise<{ url: string; words: readonly Word[] }> {
    const plugin = await importPlugin(request.from, request.baseDir, this.#limits.loadMs);
    const { url, manifest } = plugin;
    this.#loaded.set(url, plugin);
    checkManifest(manifest);
    await checkSchemas(manifest);
    await this.#optionsOf(manifest, request.options);
    return { url, words: this.#given.includes(manifest) ? [] : wordsOf(manifest) };
  }

  /** forgetLoaded forgets what was loaded for a plan that came to nothing. Call it before rules are compiled. */
  forgetLoaded(): void {
    this.#loaded.clear();
  }

  /**
   * assemble makes the set for a plan. `isTrial`: it will not run, so nothing is made for it. `like`: a set of the same plugins, whose
   * code is used whatever has changed since. Throws SG01xx.
   */
  async assemble(plan: Plan, isTrial = false, like?: PluginSet): Promise<PluginSet> {
    const lines = new Map<PluginManifest, PluginUse>();
    const code = new Map<string, ImportedPlugin>();
    for (const use of plan.plugins) {
      const known = like?.code.get(use.url) ?? this.#loaded.get(use.url);
      const plugin = known ?? (await importPlugin(use.url, '/', this.#limits.loadMs));
      const { manifest } = plugin;
      checkManifest(manifest);
      if (lines.has(manifest)) throw new GatewayError('SG0106', { name: manifest.name });
      lines.set(manifest, use);
      code.set(use.url, plugin);
    }
    const manifests = [...new Set([...this.#given, ...lines.keys()])];
    checkTogether(manifests);
    const used = usesOf(plan);
    for (const manifest of manifests) if (takesOptions(manifest, used)) await checkSchemas(manifest);
    const plugins: Plugin[] = [];
    for (const manifest of manifests) {
      plugins.push({ manifest, options: await this.#optionsOf(manifest, lines.get(manifest)?.options ?? {}) });
    }
    const components = new Map<string, Component>();
    for (const component of manifests.flatMap((manifest) => manifest.components ?? [])) {
      components.set(`${component.slot} ${component.name}`, component);
    }
    const component = (slot: string, name: string): Component | undefined => components.get(`${slot} ${name}`);
    const secrets = await readSecrets(plan);
    const entries: EntryRef[] = [];
    for (const manifest of manifests) {
      const use = lines.get(manifest);
      if (use === undefined && isIdle(manifest, used)) continue;
      const plugin = use === undefined ? undefined : code.get(use.url);
      entries.push(...(await this.#entryOf(manifest, plugin)));
    }
    const secret = (name: string): string => {
      const value = secrets[name];
      if (value === undefined) throw new GatewayError('SG0203', { name, reason: 'the rules do not name it' });
      return value;
    };
    const checked = await checkComponents(plan, component, secret, isTrial, this.#limits.startMs);
    return { ...checked, source: plan, code, plugins, entries, secrets, component };
  }

  /** start starts what does not run yet. Rejects with SG0110, with everything as it was before. */
  async start(set: PluginSet): Promise<void> {
    const before = this.#running;
    const started: Plugin[] = [];
    const restarted: Plugin[] = [];
    for (const plugin of set.plugins) {
      const running = before.find(({ manifest }) => manifest === plugin.manifest);
      if (running !== undefined && JSON.stringify(running.options) === JSON.stringify(plugin.options)) continue;
      if (running !== undefined) {
        await this.#stopOne(running);
        restarted.push(running);
      }
      started.push(plugin);
      try {
        await this.#startOne(plugin);
      } catch (cause) {
        for (const undone of started.reverse()) await this.#stopOne(undone);
        for (const old of restarted) await this.#startOne(old).catch((thrown) => this.#logFailure(old, thrown));
        if (cause instanceof GatewayError && cause.code === 'SG0121') throw cause;
        throw new GatewayError('SG0110', { plugin: plugin.manifest.name, message: reasonOf(cause) }, { cause });
      }
    }
    this.#running = [...before.filter((plugin) => !restarted.includes(plugin)), ...started];
  }

  /** settle stops, in reverse, what runs and is not in the set. */
  async settle(set: PluginSet): Promise<void> {
    const wanted = new Set(set.plugins.map(({ manifest }) => manifest));
    const surplus = this.#running.filter(({ manifest }) => !wanted.has(manifest));
    this.#running = this.#running.filter(({ manifest }) => wanted.has(manifest));
    for (const plugin of surplus.reverse()) await this.#stopOne(plugin);
  }

  /** stop stops everything in reverse. One that fails to stop is logged and does not keep the others. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = [];
    for (const plugin of running.reverse()) await this.#stopOne(plugin);
  }

  async #startOne({ manifest, options }: Plugin): Promise<void> {
    const started = manifest.start?.({ log: pluginLog(this.#log, manifest.name), options });
    const { startMs: limitMs } = this.#limits;
    await withinLimit(started, limitMs, () => new GatewayError('SG0121', { plugin: manifest.name, limitMs }));
  }

  async #stopOne(plugin: Plugin): Promise<void> {
    try {
      const { stopMs } = this.#limits;
      await withinLimit(plugin.manifest.stop?.(), stopMs, () => new Error(`it has not stopped within ${stopMs} ms`));
    } catch (thrown) {
      this.#logFailure(plugin, thrown);
    }
  }

  #logFailure({ manifest }: Plugin, thrown: unknown): void {
    const reason = reasonOf(thrown);
    this.#log.error(
      { plugin: manifest.name, reason },
      `plugin ${manifest.name} failed while it was stopped or put back`,
    );
  }

  /** The data entry of a plugin. That of a `use` line is imported here first: its code is what all threads get. */
  async #entryOf(manifest: PluginManifest, plugin: ImportedPlugin | undefined): Promise<readonly EntryRef[]> {
    const { name, data, words = [], components = [] } = manifest;
    if (data === undefined) return [];
    const inEntry = components.filter(({ slot }) => ENTRY_SECTIONS[slot] !== undefined);
    const declared = { plugin: name, words, components: inEntry.map(({ slot, name: own }) => ({ slot, name: own })) };
    if (plugin === undefined) return [{ ...declared, url: data }];
    const ref = { ...declared, url: entryUrl(data, plugin.tag) };
    try {
      await importEntry(ref, this.#limits.loadMs);
    } catch (cause) {
      throw new GatewayError('SG0123', { message: reasonOf(cause) }, { cause });
    }
    return [{ ...ref, modules: codeOf(plugin.tag) }];
  }

  async #optionsOf(manifest: PluginManifest, options: Options): Promise<Options> {
    const result = await checkOptions(manifest.options, options);
    if (result.isValid) return result.options;
    throw new GatewayError('SG0108', { plugin: manifest.name, problem: result.problem });
  }
}

/** ownersOf says whose the modules of a set are. */
export function ownersOf(set: PluginSet | null): readonly CodeOwner[] {
  const used = [...(set?.code.values() ?? [])];
  return [
    ...used.map(({ manifest, url, tag }) => ({ plugin: manifest.name, url: withTag(url, tag) })),
    ...(set?.entries ?? []).map(({ plugin, url }) => ({ plugin, url })),
  ];
}

/** What the compiler and the data threads may see of a component: its word, without functions. */
function wordsOf({ words, components }: PluginManifest): readonly Word[] {
  const asWords = (components ?? []).map(
    ({
      check: _c,
      discovery: _d,
      serverTls: _t,
      certificateSource: _s,
      kept: _k,
      shown: _w,
      options: _o,
      validate: _v,
      files: _f,
      ...word
    }) => word,
  );
  return [...(words ?? []), ...asWords];
}

/** UsedComponents are those that a plan has, by slot and name. */
type UsedComponents = ReadonlySet<string>;

function usesOf({ listeners, backends, settings }: Plan): UsedComponents {
  const uses = [
    ...listeners.flatMap(({ tls, certificates = [] }) => [tls, ...certificates]),
    ...(settings.certificateSources ?? []),
    settings.traces,
    settings.adminTls,
    ...backends.flatMap(({ balance, stick, check, tls, serve }) => [balance, stick, check?.probe, tls, serve]),
  ];
  return new Set(uses.flatMap((use) => (use == null ? [] : [`${use.slot} ${use.name}`])));
}

/** takesOptions: a schema takes time to check, which is not spent on plugins of which the plan has nothing that takes options. */
function takesOptions({ options, components = [] }: PluginManifest, used: UsedComponents): boolean {
  return options !== undefined || components.some(({ slot, name }) => used.has(`${slot} ${name}`));
}

/**
 * isIdle: a plugin offers nothing but components of which the plan has none, so that data threads need not load it. Error answers are
 * part of every gateway, and no line of the rules names them.
 */
function isIdle({ words = [], components = [] }: PluginManifest, used: UsedComponents): boolean {
  const isPlain = words.length === 0 && components.length > 0;
  return isPlain && !components.some(({ slot, name }) => slot === 'answer' || used.has(`${slot} ${name}`));
}
