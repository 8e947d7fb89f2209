/**
 * PluginError: what a plugin throws for an operator to read, with a code from the plugin's own table. Both planes.
 *
 * A table is the one place for all that a plugin can refuse: code, message and what to do about it. Codes are an upper-case prefix of
 * the plugin's own and four digits, such as `TEAM0001`, and are never reused. The prefixes SL (rules), SG (gateway) and SP (standard
 * plugins) belong to Sluice.
 */

/** ErrorEntry is one row of a plugin's table. */
export interface ErrorEntry {
  /** One line, lower case, without a full stop. `{name}`s are replaced by values. */
  readonly message: string;
  /** What to do about it, in one or two sentences, for the reference. */
  readonly fix: string;
}

export type ErrorTable = Readonly<Record<string, ErrorEntry>>;

/** The `{name}`s of a message. */
type NamesOf<Message extends string> = Message extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesOf<Rest>
  : never;

/** ErrorMaker makes the error of a code. `values` fill the braces of its message; `cause` is what was caught. */
export interface ErrorMaker<Table extends ErrorTable> {
  <Code extends keyof Table & string>(
    code: Code,
    values: Readonly<Record<NamesOf<Table[Code]['message']>, string | number>>,
    cause?: unknown,
  ): PluginError;
  /** The whole table, for the pages and tests that are made of it. */
  readonly table: Table;
}

const CODE = /^[A-Z]{2,12}\d{4}$/;
const OF_THE_GATEWAY = /^S[LG]\d/;

/** PluginError has a message of one line, ready to be shown, and the code of its row. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * pluginErrors returns what makes the errors of a table:
 *
 *     const teamError = pluginErrors({
 *       TEAM0001: { message: 'there is no team `{team}`', fix: 'Write the name of a team in teams.json.' },
 *     });
 *     throw teamError('TEAM0001', { team: 'red' });
 *
 * Throws TypeError for a code that is not a prefix with four digits, or has a prefix of the gateway's.
 */
export function pluginErrors<const Table extends ErrorTable>(table: Table): ErrorMaker<Table> {
  for (const code of Object.keys(table)) {
    if (!isPluginCode(code)) throw new TypeError(`\`${code}\` is not a code such as TEAM0001`);
  }
  const make = (code: string, values: Readonly<Record<string, string | number>>, cause?: unknown): PluginError => {
    const message = table[code]!.message.replace(/\{(\w+)\}/g, (found, name: string) => String(values[name] ?? found));
    return new PluginError(code, message, cause);
  };
  return Object.assign(make, { table });
}

/** pluginCodeOf is the code of anything that a plugin threw; null: it has none. */
export function pluginCodeOf(thrown: unknown): string | null {
  // By its name, as a plugin may bring a copy of this module along.
  if (!(thrown instanceof Error) || thrown.name !== 'PluginError') return null;
  const { code } = thrown as { readonly code?: unknown };
  return typeof code === 'string' && isPluginCode(code) ? code : null;
}

function isPluginCode(code: string): boolean {
  return CODE.test(code) && !OF_THE_GATEWAY.test(code);
}
