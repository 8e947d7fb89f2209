/**
 * Blame: whose code an error comes from that nobody caught, by its stack. Both planes.
 *
 * Such errors are thrown late, in a timer or an event, or are rejections that nobody waits for. As long as no code of the gateway is on
 * the stack, nothing of it was interrupted: its state is whole, and it can go on.
 */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { tagOf, withoutTag } from './plugin-modules.ts';

/** CodeOwner is a plugin and the URL of a module of its own. */
export interface CodeOwner {
  readonly plugin: string;
  readonly url: string;
}

export interface Blame {
  /** null: it cannot be told. */
  readonly plugin: string | null;
  /** The first place on the stack that is not Node's, `file:line:column`; null: there is none. */
  readonly place: string | null;
  /** No code of the gateway was interrupted. */
  readonly isWhole: boolean;
  /** What tells such failures apart in the log; nothing in it is a client's. */
  readonly kind: string;
}

const FRAME = /^\s*at (?:.*\()?(file:\/\/[^\s)]+|\/[^\s)]+):(\d+):(\d+)\)?$/;
const CORE = new URL('../../', import.meta.url).href;
const LANGUAGE = new URL('../../', import.meta.resolve('@sluice/dsl/match')).href;

/**
 * blame reads an error's stack. What has none comes from nobody, and interrupts nothing. A rejection interrupts nobody but who awaits it: code of
 * the gateway may have called the function that made it, and has had its answer.
 */
export function blame(thrown: unknown, owners: readonly CodeOwner[], isRejection = false): Blame {
  const stack = thrown instanceof Error && typeof thrown.stack === 'string' ? thrown.stack : '';
  let plugin: string | null = null;
  let place: string | null = null;
  let isWhole = true;
  for (const line of stack.split('\n')) {
    const [, file, row, column] = FRAME.exec(line) ?? [];
    if (file === undefined) continue;
    const url = file.startsWith('/') ? pathToFileURL(file).href : file;
    place ??= `${fileURLToPath(withoutTag(url))}:${row}:${column}`;
    if (isGateway(url)) isWhole &&= isRejection && plugin !== null && !/^\s*at async /.test(line);
    else plugin ??= ownerOf(url, owners);
  }
  const { name, code } = (thrown ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return { plugin, place, isWhole, kind: `late ${place} ${String(name)} ${String(code)}` };
}

/** What plugins call of the gateway's for their own work keeps no state of it. */
function isGateway(url: string): boolean {
  if (url.startsWith(`${CORE}probe/`) || url.startsWith(`${CORE}plugin/`)) return false;
  return url.startsWith(CORE) || url.startsWith(LANGUAGE);
}

function ownerOf(url: string, owners: readonly CodeOwner[]): string | null {
  const tag = tagOf(url);
  const own = owners.find((owner) => (tag === null ? owner.url === url : tagOf(owner.url) === tag));
  if (own !== undefined || tag !== null) return own?.plugin ?? null;
  // A module of a plugin that was not imported under a tag: one beside its data entry.
  const beside = owners.filter((owner) => tagOf(owner.url) === null && url.startsWith(new URL('.', owner.url).href));
  return beside.length === 1 ? beside[0]!.plugin : null;
}

/** lateFailure says, for a log, that an error was contained. */
export function lateFailure({ plugin, place }: Blame, isRejection: boolean): string {
  const whose = plugin === null ? 'code outside of the gateway' : `plugin ${plugin}`;
  const what = isRejection ? 'left a rejection that nobody handled' : 'threw outside of any call';
  return `${whose} ${what}${place === null ? '' : ` at ${place}`}; nothing of the gateway was interrupted`;
}
