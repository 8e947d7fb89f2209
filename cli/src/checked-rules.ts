/**
 * CheckedRules: a rule file taken as far as it goes without opening anything. Main thread.
 *
 * The steps are those of `run`: the same compiler, the same plugins, the same checks of their options, and every rule is
 * linked as a data thread links it. What passes here, loads there.
 */
import {
  type AdminOptions,
  createLog,
  GatewayError,
  PluginHost,
  type PluginSet,
  startProblems,
  testRules,
} from '@sluice/core/loading';
import {
  type CompileOptions,
  compile,
  type Diagnostic,
  findShadowed,
  formatDiagnostic,
  type LoadedPlugin,
  type PluginRequest,
} from '@sluice/dsl';
import type { Plan } from '@sluice/dsl/plan';
import type { OwnedWord } from '@sluice/dsl/vocabulary';
import { standard } from '@sluice/standard';
import { fieldReaders } from './field-readers.ts';
import { findLinkProblems } from './link-rules.ts';

/** Problem is a diagnostic of the compiler, or what the host refused; the latter may have no place. */
export type Problem = Omit<Diagnostic, 'place'> & { readonly place: Diagnostic['place'] | null };

export interface CheckedRules {
  readonly file: string;
  /** null when there is an error among the problems. */
  readonly plan: Plan | null;
  readonly problems: readonly Problem[];
  /** The texts that were read, by the names that places use. */
  readonly sources: ReadonlyMap<string, string>;
  /** The plugins' data entries; none when there is an error. */
  readonly entries: PluginSet['entries'];
  /** The words of the standard plugins and of those that the file uses. */
  readonly words: readonly OwnedWord[];
  /** Writes a problem as people read it. */
  format(problem: Problem, isColoured: boolean): string;
}

export interface CheckOptions {
  /** For files that are not, or not yet, what the file system has. */
  readonly readFile?: NonNullable<CompileOptions['readFile']> | undefined;
  /** Tests are run where the rules say `test before reload`, as `run` does. Default: false. */
  readonly areTestsRun?: boolean;
  /** Looks for what would keep `run` from starting with these rules besides, with the admin API of its options. Default: does not. */
  readonly start?: { readonly admin?: AdminOptions | undefined };
}

/** checkRules checks one rule file. What is wrong with it is in the result; it does not reject for that. */
export async function checkRules(
  file: string,
  { readFile, areTestsRun = false, start }: CheckOptions = {},
): Promise<CheckedRules> {
  const host = new PluginHost(standard, createLog(false));
  const words: OwnedWord[] = [...host.words()];
  const loadPlugin = async (use: PluginRequest): Promise<LoadedPlugin> => {
    const loaded = await host.load(use);
    words.push(...loaded.words.map((word) => ({ ...word, plugin: use.name })));
    return loaded;
  };
  const { plan, diagnostics, sources } = await compile(
    { file },
    { words: host.words(), loadPlugin, ...(readFile === undefined ? {} : { readFile }) },
  );
  const format = (problem: Problem, isColoured: boolean): string => {
    const { place } = problem;
    if (place === null) return `${problem.code} ${file}   ${problem.message}`;
    return formatDiagnostic({ ...problem, place }, sources, { colour: isColoured });
  };
  if (plan === null) return { file, plan, problems: diagnostics, sources, words, entries: [], format };
  let set: PluginSet;
  try {
    set = await host.assemble(plan, true);
    if (areTestsRun) await testRules(set);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    const told = thrown.diagnostics.length > 0 ? thrown.diagnostics : [refusal(thrown)];
    return { file, plan: null, problems: [...diagnostics, ...told], sources, words, entries: [], format };
  }
  const unlinked = await findLinkProblems(set);
  const lacking = start === undefined ? [] : await startProblems(set, start.admin, unlinked.length === 0);
  const isLinked = unlinked.length === 0;
  const isRight = isLinked && lacking.length === 0;
  const shadowed = isLinked ? findShadowed(set.plan, await fieldReaders(set.entries)) : [];
  const told = new Set(diagnostics.map(lineKey));
  const more = [...set.warnings, ...shadowed.filter((finding) => !told.has(lineKey(finding)))];
  return {
    file,
    plan: isRight ? set.plan : null,
    problems: [
      ...(more.length === 0
        ? [...diagnostics, ...unlinked]
        : byPosition([...diagnostics, ...more, ...unlinked], set.plan.files)),
      ...lacking.map(refusal),
    ],
    sources,
    words,
    entries: isRight ? set.entries : [],
    format,
  };
}

function refusal({ code, message }: GatewayError): Problem {
  return { code, severity: 'error', message, fix: null, place: null };
}

/** lineKey: the compiler tells of the plainest cases itself. */
export function lineKey({ code, place }: Problem): string {
  return `${code} ${place?.file}:${place?.line}`;
}

/** byPosition sorts findings by file, as the files were read, and place. */
function byPosition(problems: readonly Diagnostic[], files: readonly string[]): readonly Diagnostic[] {
  const rank = ({ place }: Diagnostic): number => files.findIndex((file) => file.endsWith(place.file));
  return problems.toSorted(
    (a, b) => rank(a) - rank(b) || a.place.line - b.place.line || a.place.column - b.place.column,
  );
}
