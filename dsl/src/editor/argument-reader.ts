/**
 * ArgumentReader: the arguments of a verb, setting or component in a line, as the checker reads them. Main thread.
 */
import { LIST_TYPES, METHOD_WORDS, NAMED_KEYS, NUMERIC_TYPES } from '../check/values/argument-value.ts';
import { shapeOf } from '../check/values/arguments.ts';
import { knownHeaders } from '../check/values/header-names.ts';
import type { BaseArg } from '../vocabulary/base-words.ts';
import type { LineReader } from './line-reader.ts';
import type { NameSpace } from './role.ts';
import { argDoc } from './word-docs.ts';

/** STATUS_DOCS: the statuses in common use (RFC 9110, section 15). */
export const STATUS_DOCS: Readonly<Record<string, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  410: 'Gone',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** What is usual for a type of which not every value can be listed. */
const USUAL: Readonly<Record<string, readonly string[]>> = {
  duration: ['100ms', '1s', '5s', '10s', '30s', '1m', '15m', '1h'],
  size: ['16KiB', '1MiB', '10MiB', '100MiB'],
  rate: ['10/s', '100/s', '60/m', '1000/h'],
  percent: ['1%', '5%', '10%', '50%'],
  port: ['80', '443', '8080'],
  prefix: ['/24', '/32', '/56', '/64'],
};

/** The types whose values are names that a file gives. */
const NAME_TYPES: Readonly<Record<string, NameSpace>> = { backend: 'backend', map: 'map', list: 'list' };

export class ArgumentReader {
  readonly #line: LineReader;
  /** The backend in whose section the line stands, or nothing. */
  readonly #owner: string;

  constructor(line: LineReader, owner: string) {
    this.#line = line;
    this.#owner = owner;
  }

  /** read passes over as many arguments as there are. */
  read(args: readonly BaseArg[]): void {
    const line = this.#line;
    const { positional, named } = shapeOf(args);
    const said = new Set<string>();
    for (const arg of positional) {
      const isOptional = arg.isOptional === true || arg.default !== undefined;
      if (line.isDone) {
        this.#proposeValues(arg);
        if (!isOptional) return;
      } else if (this.#isThere(arg, named.match(line.wordAt, line.at) !== null)) {
        said.add(arg.name);
        this.#value(arg);
      } else if (!isOptional) return;
    }
    for (;;) {
      while (line.peek()?.kind === 'comma') line.at++;
      for (const arg of args) {
        if (arg.before !== undefined && !said.has(arg.name))
          line.proposePhrase(arg.before, 'keyword', () => argDoc(arg));
      }
      const match = named.match(line.wordAt, line.at);
      if (match === null) return;
      const arg = match.value;
      said.add(arg.name);
      line.mark({ kind: 'argument', arg, isLabel: true }, match.length);
      if (arg.type === 'networks') this.#networks(arg);
      else if (arg.type !== 'flag') this.#value(arg);
      this.#behind(arg);
    }
  }

  /** behind proposes, and passes over, the word that must stand behind a value. */
  #behind(arg: BaseArg): void {
    const line = this.#line;
    if (arg.behind === undefined) return;
    line.proposePhrase(arg.behind, 'keyword', () => argDoc(arg));
    if (line.wordAt(line.at) === arg.behind) line.mark({ kind: 'argument', arg, isLabel: true }, 1);
  }

  #isThere(arg: BaseArg, isLabel: boolean): boolean {
    const word = this.#line.peek()!;
    if (word.kind === 'open' || word.kind === 'close' || word.kind === 'comma') return false;
    if (word.kind === 'word' && (isLabel || word.value === 'when' || word.value === 'not')) return false;
    if (arg.isOptional !== true && arg.default === undefined) return true;
    if (arg.type === 'prefix') return word.kind === 'word' && word.value.startsWith('/');
    if (NUMERIC_TYPES.has(arg.type)) return word.kind === 'word' && /^\d/.test(word.value);
    if (arg.choices !== undefined) return arg.choices.includes(word.value);
    return true;
  }

  #value(arg: BaseArg): void {
    const line = this.#line;
    for (;;) {
      this.#proposeValues(arg);
      const word = line.peek();
      if (word === undefined || word.kind === 'open' || word.kind === 'close') return;
      const space = NAME_TYPES[arg.type];
      if (space !== undefined && word.kind === 'word') line.name(space, false);
      else if (arg.type === 'field') this.#field();
      else if (arg.type === 'cidrs' && line.names.of('list').has(word.value)) line.name('list', false);
      else if (this.#owner !== '' && arg.type === 'name' && arg.name === 'name' && arg.choices === undefined) {
        line.name('server', true, this.#owner);
      } else {
        line.mark({ kind: 'argument', arg, isLabel: false });
        const isOutside = (arg.type === 'text' || arg.type === 'template') && /^(?:env|secret)$/.test(word.value);
        if (isOutside && line.peek()?.kind === 'text') line.mark({ kind: 'argument', arg, isLabel: false });
        if (arg.type === 'key' && NAMED_KEYS.has(word.value)) this.#keyName(arg, word.value);
        if (arg.takesNetworks === true && word.value === 'ip') this.#networks(arg);
      }
      if (!LIST_TYPES.has(arg.type) || line.peek()?.kind !== 'comma') return;
      line.at++;
    }
  }

  /** What may stand behind `per ip`: `/24 ipv6 /56`. */
  #networks(arg: BaseArg): void {
    const line = this.#line;
    if (line.isDone) {
      line.propose('/24', 'value', 'an IPv4 network that counts as one client');
      line.propose('/56', 'value', 'an IPv6 network that counts as one client');
      line.propose('ipv6', 'keyword', 'the network of an IPv6 client: `ipv6 /56`');
      return;
    }
    if (isPrefix(line.wordAt(line.at))) line.mark({ kind: 'argument', arg, isLabel: false });
    if (line.isDone) line.propose('ipv6', 'keyword', 'the network of an IPv6 client: `ipv6 /56`');
    if (line.wordAt(line.at) !== 'ipv6') return;
    line.mark({ kind: 'argument', arg, isLabel: true }, 1);
    if (line.isDone) for (const usual of ['/48', '/56', '/64']) line.propose(usual, 'value', argDoc(arg));
    if (isPrefix(line.wordAt(line.at))) line.mark({ kind: 'argument', arg, isLabel: false });
  }

  /** The name behind `per header` or `by cookie`. */
  #keyName(arg: BaseArg, kind: string): void {
    const line = this.#line;
    if (kind === 'header') for (const name of knownHeaders()) line.propose(name, 'value', '');
    const word = line.peek();
    if (word?.kind === 'word' || word?.kind === 'text') line.mark({ kind: 'argument', arg, isLabel: false });
  }

  /** A field that is read, not compared: `of host`. */
  #field(): void {
    const line = this.#line;
    const field = line.field();
    if (field === null) line.at++;
    else if (field.key !== undefined) {
      if (field.name === 'header') for (const name of knownHeaders()) line.propose(name, 'value', '');
      if (!line.isDone) line.mark({ kind: 'key', word: field });
    }
  }

  #proposeValues(arg: BaseArg): void {
    const line = this.#line;
    if (!line.isDone) return;
    const space = NAME_TYPES[arg.type];
    if (space !== undefined) {
      line.proposeNames(space);
      return;
    }
    if (arg.type === 'cidrs') line.proposeNames('list');
    if (arg.type === 'field') line.field();
    if (arg.choices !== undefined) {
      for (const choice of arg.choices) line.propose(String(choice), 'value', argDoc(arg), STATUS_DOCS[choice] ?? '');
      return;
    }
    if (arg.type === 'text' || arg.type === 'template') {
      line.propose('env', 'keyword', 'a variable of the environment: `env "NAME"`');
      line.propose('secret', 'keyword', 'a secret, which is never shown: `secret "name"`');
    }
    for (const usual of USUAL[arg.type] ?? []) line.propose(usual, 'value', argDoc(arg));
    if (arg.type === 'header') for (const name of knownHeaders()) line.propose(name, 'value', '');
    if (arg.type === 'method') for (const method of METHOD_WORDS) line.propose(method, 'value', '');
    if (arg.type === 'causes') line.propose('connect-failure', 'value', 'refused, reset before an answer, or too slow');
    if (arg.type === 'status' || arg.type === 'statuses' || arg.type === 'causes') {
      for (const [status, doc] of Object.entries(STATUS_DOCS)) {
        const code = Number(status);
        const isIn = code >= (arg.min ?? 100) && code <= (arg.max ?? 599);
        if (isIn) line.propose(status, 'value', '', doc);
      }
    }
  }
}

function isPrefix(word: string | null): boolean {
  return word?.startsWith('/') === true;
}
