/**
 * PassedBy: requests that get past a `deny` on a path because a server reads their path in another way than the rules do. Main thread.
 *
 * What it returns has been tried: the rule denies the plain path, no rule denies the variant, and the model of the server takes both for the same
 * resource (readers.ts). What it does not find may exist all the same.
 */
import { normalisePath } from '../../match/request/path.ts';
import type { Condition, TestCondition } from '../../plan/condition.ts';
import { DEFAULT_PATHS, type PathReader, SINGLE_READERS } from '../../plan/path-policy.ts';
import type { ListenerPlan } from '../../plan/plan.ts';
import type { TestRequest } from '../../plan/test.ts';
import { firstMatch, isWhole, type Readers } from '../space/index.ts';
import { decoded, READERS } from './readers.ts';
import { variantsOf } from './variants.ts';

type Single = Exclude<PathReader, 'any'>;

/** PassedBy is a path that gets past a rule, and the servers that read it as one that the rule denies. */
export interface PassedBy {
  readonly path: string;
  readonly denied: string;
  readonly readers: readonly Single[];
}

/** readersOf are the servers that a listener's paths are for: those that are named, or any. */
export function readersOf({ paths }: ListenerPlan): readonly Single[] {
  const named = paths?.readers ?? [];
  return named.length === 0 || named.includes('any') ? SINGLE_READERS : (named as readonly Single[]);
}

/** passedBy looks for a way past the rule that denies `request`, for each kind of server. */
export function passedBy(listener: ListenerPlan, request: TestRequest, readers: Readers): readonly PassedBy[] {
  const found = new Map<string, Single[]>();
  const [, before, denied, behind] = /^(\S+ \w+:\/\/[^/?\s]+)(\/[^?\s]*)(.*)$/s.exec(request.line) ?? [];
  if (denied === undefined) return [];
  const policy = listener.paths ?? DEFAULT_PATHS;
  const passing = new Map<string, boolean>();
  const passes = (path: string): boolean => {
    let known = passing.get(path);
    if (known === undefined) {
      known = isSentOn(listener, { ...request, line: `${before}${path}${behind}` }, readers);
      passing.set(path, known);
    }
    return known;
  };
  const variants = variantsOf(denied).map((variant) => ({
    variant,
    sent: normalisePath(variant.replace(/[?#].*$/s, ''), policy),
  }));
  for (const reader of readersOf(listener)) {
    const read = READERS[reader];
    const resource = read(denied);
    // A rule against a spelling (`contains "//"`) is about no resource.
    if (resource === null || plain(resource) !== plain(denied)) continue;
    const way = variants.find(
      ({ sent }) => sent !== null && sent !== denied && read(sent) === resource && passes(sent),
    );
    if (way === undefined) continue;
    const same = found.get(way.sent!);
    if (same === undefined) found.set(way.sent!, [reader]);
    else same.push(reader);
  }
  return [...found].map(([path, by]) => ({ path, denied, readers: by }));
}

/** plain is a path as servers compare it that ignore its case and a slash at its end; escapes stand for their bytes. */
function plain(path: string): string {
  return decoded(path.replace(/\/$/, ''))?.toLowerCase() ?? path;
}

/** isSentOn: no rule stops the request, and one sends it to a backend. What is not known counts as stopped. */
function isSentOn(listener: ListenerPlan, request: TestRequest, readers: Readers): boolean {
  const guard = firstMatch(request, listener.guards, readers, listener, isWhole);
  if (guard === null || (guard >= 0 && listener.guards[guard]!.verb !== 'allow')) return false;
  const route = firstMatch(request, listener.routes, readers, listener, isWhole);
  return route !== null && route >= 0 && listener.routes[route]!.verb.startsWith('send');
}

/** pathTests are the comparisons of the path in a condition. */
export function pathTests(condition: Condition | null): readonly TestCondition[] {
  if (condition === null) return [];
  switch (condition.kind) {
    case 'all':
      return [];
    case 'test':
      return condition.field === 'path' ? [condition] : [];
    case 'not':
    case 'named':
      return pathTests(condition.of);
    default:
      return condition.of.flatMap(pathTests);
  }
}

/** impossiblePath is a written value that no path of the listener can have, begin with, end with or contain; null: there is none. */
export function impossiblePath(
  { paths = DEFAULT_PATHS }: ListenerPlan,
  { operator, values }: TestCondition,
): string | null {
  const isImpossible = (value: string): boolean => {
    if (value === '*' || operator === 'matches') return false;
    if (paths.emptySegments !== 'keep' && value.includes('//')) return true;
    if (paths.parameters !== 'keep' && value.includes(';')) return true;
    const isWhole = operator === 'is' || operator === 'in' || operator === 'under';
    return isWhole && normalisePath(value, paths) !== value;
  };
  return (values as readonly string[]).find((value) => typeof value === 'string' && isImpossible(value)) ?? null;
}
