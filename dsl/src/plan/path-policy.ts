/**
 * PathPolicy: what may stand in a request's path, and in which form rules compare it. Both planes; plain data.
 *
 * Servers do not agree on what a path means. A policy makes sure that the server reads the path that the rules judged: what it would read
 * in another way is either brought into the one form (and sent on in that form) or refused. docs/paths.md has the table.
 */

/** PathReader is a kind of server, by how it reads a path; `any` is all of them at once. */
export type PathReader = 'nginx' | 'apache' | 'tomcat' | 'iis' | 'node' | 'php' | 'any';

export interface PathPolicy {
  /** The kinds of servers that were named, of the listener and of the backends that it sends requests to. Default: none. */
  readonly readers: readonly PathReader[];
  /** `//`. Default `merge`: it is one slash. */
  readonly emptySegments: 'merge' | 'keep' | 'refuse';
  /** `%2F`. Default `refuse`. */
  readonly encodedSlashes: 'keep' | 'refuse';
  /** `;…` up to the end of a segment. Default `keep`. Behind `.` or `..` it is always refused or stripped. */
  readonly parameters: 'keep' | 'strip' | 'refuse';
  /** `%25` before two hexadecimal digits: an escape to whoever decodes twice. Default `keep`. */
  readonly doubleEscapes: 'keep' | 'refuse';
  /** Escapes of bytes below 0x20, and of 0x7F. `%00` is always refused. Default `keep`. */
  readonly controlBytes: 'keep' | 'refuse';
  /**
   * Escapes that together are not UTF-8. Default `refuse overlong`: only those that a careless decoder takes for another spelling of a
   * character (overlong forms and surrogates); the rest are bytes of some other encoding, such as `/caf%E9`.
   */
  readonly invalidUtf8: 'keep' | 'refuse overlong' | 'refuse';
  /** Segments that Windows takes for another name: with a dot or a blank at the end, a colon, or `~1`. Default `keep`. */
  readonly windowsNames: 'keep' | 'refuse';
  /** Conditions on the path ignore the case of ASCII letters. Default false. */
  readonly ignoresCase: boolean;
}

/** DEFAULT_PATHS is the policy of a listener that says nothing of paths. */
export const DEFAULT_PATHS: PathPolicy = {
  readers: [],
  emptySegments: 'merge',
  encodedSlashes: 'refuse',
  parameters: 'keep',
  doubleEscapes: 'keep',
  controlBytes: 'keep',
  invalidUtf8: 'refuse overlong',
  windowsNames: 'keep',
  ignoresCase: false,
};

/** LOOSEST_PATHS takes what any listener may allow: for what is read before it is known which one it is for. */
export const LOOSEST_PATHS: PathPolicy = {
  ...DEFAULT_PATHS,
  emptySegments: 'keep',
  encodedSlashes: 'keep',
  invalidUtf8: 'keep',
  parameters: 'strip',
};

/** WRITTEN_PATHS takes what a rule may name: what some listener's paths can be. */
export const WRITTEN_PATHS: PathPolicy = { ...LOOSEST_PATHS, parameters: 'keep' };

type Need = Partial<Omit<PathPolicy, 'readers'>>;

/** What each kind of server needs beyond the default, so that it reads the path that the rules judged. */
const NEEDS: Readonly<Record<Exclude<PathReader, 'any'>, Need>> = {
  nginx: { controlBytes: 'refuse' },
  apache: { controlBytes: 'refuse' },
  tomcat: { controlBytes: 'refuse', parameters: 'strip' },
  iis: {
    controlBytes: 'refuse',
    doubleEscapes: 'refuse',
    invalidUtf8: 'refuse',
    windowsNames: 'refuse',
    ignoresCase: true,
  },
  node: { controlBytes: 'refuse', parameters: 'refuse', ignoresCase: true },
  php: { controlBytes: 'refuse', doubleEscapes: 'refuse' },
};

/** PATH_READERS are the kinds that can be named, `any` last. */
export const PATH_READERS: readonly PathReader[] = [...(Object.keys(NEEDS) as (keyof typeof NEEDS)[]), 'any'];

/** SINGLE_READERS are the kinds that stand for one way to read. */
export const SINGLE_READERS = Object.keys(NEEDS) as readonly Exclude<PathReader, 'any'>[];

const STRICTER = { keep: 0, strip: 1, refuse: 2 } as const;

/**
 * pathPolicyFor is the policy that all of these readers need, with what was `written` beside it: that wins, whatever the readers need.
 */
export function pathPolicyFor(readers: readonly PathReader[], written: Need = {}): PathPolicy {
  const named = PATH_READERS.filter((reader) => readers.includes(reader));
  const single = named.includes('any') ? SINGLE_READERS : (named as typeof SINGLE_READERS);
  let policy: PathPolicy = { ...DEFAULT_PATHS, readers: named };
  for (const reader of single) {
    const need = NEEDS[reader];
    const parameters = need.parameters ?? 'keep';
    policy = {
      ...policy,
      ...need,
      ignoresCase: policy.ignoresCase || need.ignoresCase === true,
      parameters: STRICTER[parameters] > STRICTER[policy.parameters] ? parameters : policy.parameters,
    };
  }
  return { ...policy, ...written };
}

/** isDefaultPaths: the policy is that of a listener that says nothing. */
export function isDefaultPaths(policy: PathPolicy): boolean {
  return JSON.stringify(policy) === JSON.stringify(DEFAULT_PATHS);
}
