/**
 * ManifestCheck: is a plugin's manifest one that this release can use. Main thread.
 */
import { PLUGIN_API_VERSION, type PluginManifest } from '../../plugin/manifest.ts';
import { ENTRY_SECTIONS } from '../../shared/plugins/checked-entry.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';
import { manifestProblems } from './manifest-shape.ts';
import { compileSchema } from './options-check.ts';

const NAME = /^[a-z][a-z0-9-]*$/;

/** checkManifest throws SG0104, SG0105, SG0113, SG0114, SG0118, SG0119 or SG0122, which holds all that is wrong with its shape. */
export function checkManifest(manifest: PluginManifest): void {
  const name = String(manifest.name);
  if (manifest.apiVersion !== PLUGIN_API_VERSION) {
    throw new GatewayError('SG0104', { name, apiVersion: String(manifest.apiVersion), expected: PLUGIN_API_VERSION });
  }
  if (!NAME.test(name)) throw new GatewayError('SG0105', { name });
  if (typeof manifest.data === 'string' && !manifest.data.startsWith('file:')) {
    throw new GatewayError('SG0113', { plugin: name, url: manifest.data });
  }
  const components = Array.isArray(manifest.components) ? manifest.components : [];
  for (const component of components.filter((each) => typeof each === 'object' && each !== null)) {
    if (component.slot === 'check' && typeof component.check?.probe !== 'function') {
      throw new GatewayError('SG0114', { plugin: name, name: component.name });
    }
    if (component.slot === 'discovery' && typeof component.discovery?.find !== 'function') {
      throw new GatewayError('SG0118', { plugin: name, name: component.name });
    }
    const isSource = component.slot === 'certificates';
    if (
      (isSource && typeof component.certificateSource?.open !== 'function') ||
      (component.slot === 'certificate' && typeof component.kept !== 'function')
    ) {
      const lacking = isSource ? 'a `certificateSource` that opens' : 'a `kept`';
      throw new GatewayError('SG0119', { plugin: name, slot: component.slot, name: component.name, lacking });
    }
  }
  const shape = manifestProblems(manifest);
  const problems = shape.length > 0 ? shape : lackingParts(manifest);
  if (problems.length > 0) throw new GatewayError('SG0122', { plugin: name, problems: problems.join('; ') });
}

/** What a plugin must have, besides its shape, for others to use what it declares. */
function lackingParts({ data, words = [], components = [] }: PluginManifest): readonly string[] {
  const inEntry = [
    ...words.map(({ kind, name }) => `${kind} \`${name}\``),
    ...components.flatMap(({ slot, name }) => (ENTRY_SECTIONS[slot] === undefined ? [] : [`${slot} \`${name}\``])),
  ];
  const problems = components.flatMap((component, index) =>
    component.slot === 'server tls' && component.serverTls === undefined
      ? [`\`components[${index}].serverTls\` is missing, which probes need`]
      : [],
  );
  if (data === undefined && inEntry.length > 0) {
    problems.push(`\`data\` is missing, the data entry with the functions of ${inEntry.join(', ')}`);
  }
  return problems;
}

/** checkSchemas rejects with SG0109 for options that are no JSON Schema. */
export async function checkSchemas({ name, options, components }: PluginManifest): Promise<void> {
  for (const schema of [options, ...(components ?? []).map((component) => component.options)]) {
    if (schema === undefined) continue;
    try {
      await compileSchema(schema);
    } catch (cause) {
      throw new GatewayError('SG0109', { plugin: name, message: reasonOf(cause) }, { cause });
    }
  }
}

/** checkTogether throws SG0106 or SG0107 for plugins that take each other's names. */
export function checkTogether(manifests: readonly PluginManifest[]): void {
  const names = new Set<string>();
  const owners = new Map<string, string>();
  for (const { name, words, components } of manifests) {
    if (names.has(name)) throw new GatewayError('SG0106', { name });
    names.add(name);
    const claims = [
      ...(words ?? []).map((word) => ({ kind: word.kind as string, word: word.name })),
      ...(components ?? []).map((component) => ({ kind: component.slot as string, word: component.name })),
    ];
    for (const { kind, word } of claims) {
      const other = owners.get(`${kind} ${word}`);
      if (other !== undefined) throw new GatewayError('SG0107', { plugin: name, kind, word, other });
      owners.set(`${kind} ${word}`, name);
    }
  }
}
