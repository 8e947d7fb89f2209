/**
 * The table of everything that the host can refuse or lose: code and template, in one place. Main thread.
 *
 * Codes are never used again for something else. Values stand in braces; a value is quoted where it was written by
 * somebody. A test ties this table to the code.
 */
import type { Diagnostic } from '@sluice/dsl';

export const CORE_ERRORS = {
  // Plugins
  SG0101: 'plugin `{from}` was not found from {folder}: check the path, or install the package there',
  SG0102: 'plugin `{from}` failed to load: {message}',
  SG0103: 'plugin `{from}` has no default export: export its manifest with `export default definePlugin({{ … })`',
  SG0104:
    'plugin `{name}` is written for plugin API {apiVersion}, but this release has {expected}: install a matching release of the plugin',
  SG0105: 'plugin name `{name}` is not a name: use lower-case letters, digits and `-`, beginning with a letter',
  SG0106: 'plugin name `{name}` is already used by another plugin: remove one of them',
  SG0107: 'plugin `{plugin}` adds {kind} `{word}`, which plugin `{other}` already has: remove one of them',
  SG0108: 'plugin `{plugin}`: {problem}',
  SG0109: 'plugin `{plugin}` has an options schema that is not JSON Schema: {message}',
  SG0110: 'plugin `{plugin}` could not start: {message}',
  SG0111: '{where}: {problem}',
  SG0112: '{where}: no plugin has {slot} `{name}`: add the plugin that provides it',
  SG0113: 'plugin `{plugin}` names its data entry `{url}`, which is not a file: URL: use import.meta.url',
  SG0114: 'plugin `{plugin}` offers check `{name}` without a `check` that probes: add one',
  SG0115: 'the plugins’ words cannot be used together: {message}',
  SG0116: '{report}',
  SG0117: '{message}',
  SG0118: 'plugin `{plugin}` offers discovery `{name}` without a `discovery` that finds: add one',
  SG0119: 'plugin `{plugin}` offers {slot} `{name}` without {lacking}: add one',
  SG0120: 'plugin `{from}` did not finish loading within {limitMs} ms: its module is waiting for something',
  SG0121: 'plugin `{plugin}` did not start within {limitMs} ms: its `start` is waiting for something',
  SG0122: 'plugin `{plugin}` cannot be used: {problems}',
  SG0123: '{message}',
  // Rules
  SG0201: '{report}',
  SG0202: 'the plan has version {version}, but this release reads {expected}: compile it again',
  SG0203: 'secret `{name}` cannot be used: {reason}',
  SG0204: '{report}',
  SG0205:
    "the access log {file} cannot be written: {reason}: make it writable for the gateway's user, or name another file",
  SG0206: 'the rules cannot be activated: {message}',
  SG0207:
    'the state cannot be kept in {folder}: {reason}: make the folder and let the user that runs the gateway write there, or name another one',
  // Listeners
  SG0301: '{owner}: address {address} is in use by another process: stop it, or choose another port',
  SG0302:
    '{owner}: port {port} requires privileges: run as root, or `setcap cap_net_bind_service=+ep {node}`, or use a port above 1023',
  SG0303:
    '{owner}: address {address} does not belong to this machine: use one that does, or 0.0.0.0 for all; if two machines share it, set the sysctl net.{family}.ip_nonlocal_bind=1',
  SG0304: '{owner}: socket {path} is in use by another process: stop it, or choose another path',
  SG0305: '{owner}: {path} exists and is not a socket: remove it, or choose another path',
  SG0306: '{owner}: socket {path} cannot be created: {message}',
  SG0307: '{owner}: address {address} cannot be bound: {message}',
  SG0308: 'listeners `{listener}` and `{other}` have the same address {address}: change one of them',
  // Generations and threads
  SG0401: 'generation {generation} was not activated: {message}',
  SG0402: 'data thread {thread} was lost while it prepared generation {generation}: {reason}',
  SG0403:
    'data thread {thread} took longer than {limitMs} ms to prepare generation {generation}: look for a plugin whose module never finishes loading',
  SG0404: 'no room for another {kind}: all {capacity} are in use',
  // Gateway
  SG0501: 'the gateway is {state}: {wish} requires it to be {needed}',
  SG0502: 'there is no server `{server}`: write backend/server. Known servers: {known}',
  SG0503: 'weight {weight} is not a whole number from 0 to 256',
  SG0504: '`{value}` is not a duration: write milliseconds as a number, or for example `10s`',
  SG0505: '`{request}` cannot be explained: {message}',
  SG0506: 'threads {threads} is not a whole number from 0 to 256',
  SG0507: 'no listener accepts `{request}`: none for {what} is on port {port}. Listeners: {known}',
  SG0508: 'max {max} is not a whole number from 0 to 1000000',
  SG0509: 'the backend `{backend}` has no session persistence. Backends that have it: {known}',
  SG0510: 'no certificate for `{name}` is obtained automatically. Automatic certificates: {known}',
  SG0511: '`{client}` is not an IP address',
  SG0512: 'no open session has the id `{id}`: it may have ended',
  SG0516: 'the stick table of backend `{backend}` has no entry `{entry}`: it may have expired',
  SG0519: 'no rate limit has the entry `{entry}`: it may have all of its rate again',
  SG0517: 'there is no list `{list}`. There are: {known}',
  SG0518: 'the list `{list}` of {type} was not changed: `{entry}`: {problem}',
  SG0513: 'there is no backend `{backend}`. There are: {known}',
  SG0514: 'the server `{address}` cannot be added to backend `{backend}`: {problem}',
  SG0515:
    'the server `{server}` is {origin}, and is removed there. Only a server that was added by hand can be removed by hand: use drain or maint',
  // Admin API
  SG0601: 'the admin API on {address} can be reached from other machines: give it a token, or use 127.0.0.1',
  SG0602: 'the token of the admin API is too short: it must have at least {least} characters',
  SG0603: '`{address}` is not a valid address for the admin API: it {problem}',
  SG0604: 'the token of the admin API contains a space or a non-ASCII character, which cannot be sent in a header',
  SG0605: 'the admin API and listener `{listener}` cannot both have {address}: change one of the addresses',
  SG0606:
    'the tokens `{name}` and `{other}` of the admin API are the same: give each holder and each role one of its own',
  SG0607:
    'the audit log {file} of the admin API cannot be written: {reason}: let the user that runs the gateway write there, or name another file',
  SG0608: 'the admin API on {address} is on a Unix socket, and `admin tls` is for addresses: remove one of the two',
  SG0609: 'the admin API cannot be opened with `{tls}`: {message}',
  // Simulation
  SG0701: 'there is no listener for the clients of the simulation: {wish} that speaks HTTP is required',
  // Upgrade
  SG0801: 'the gateway cannot be upgraded while it runs: it was not started by `sluice run` with its supervisor',
  SG0802: 'not upgraded: {problem}',
  // Configuration
  SG0901: 'the rules are no longer those that the change is based on: read them again',
  SG0902: 'the rule file {file} was changed on disk meanwhile: nothing was written; read it again',
  SG0903: 'the gateway runs a plan that was built without text',
  SG0904: 'the last change of the rules is still to be confirmed: confirm it, or wait until it is rolled back',
  SG0905: 'the history of the rules has no entry {number}. Entries: {known}',
  SG0906: 'there is nothing to confirm: it was confirmed or rolled back already',
  SG0907: 'the rule file {file} cannot be {wish}: {reason}',
} as const satisfies Record<string, string>;

export type CoreErrorCode = keyof typeof CORE_ERRORS;

/**
 * GatewayError is what every promise of the host rejects with. `message` is ready to be shown; for rule problems it is
 * the formatted report of all of them, and `diagnostics` holds them as data.
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: CoreErrorCode;
  readonly diagnostics: readonly Diagnostic[];

  constructor(
    code: CoreErrorCode,
    values: Readonly<Record<string, string | number>>,
    more: { readonly cause?: unknown; readonly diagnostics?: readonly Diagnostic[] } = {},
  ) {
    super(fill(CORE_ERRORS[code], values), more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.diagnostics = more.diagnostics ?? [];
  }
}

function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{\{|\{(\w+)\}/g, (found, name: string | undefined) =>
    name === undefined ? '{' : String(values[name] ?? found),
  );
}

/** reasonOf is the message of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message === '' ? thrown.name : thrown.message;
  return String(thrown);
}

/** codeOf is the system's or the host's code of anything that was thrown, such as `EADDRINUSE`. */
export function codeOf(thrown: unknown): string | null {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : null;
}

/** asGatewayError is what a generation failed with, as an error of the gateway's. */
export function asGatewayError(thrown: unknown, generation: number): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError('SG0401', { generation, message: reasonOf(thrown) }, { cause: thrown });
}
