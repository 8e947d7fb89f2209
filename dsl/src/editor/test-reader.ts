/**
 * TestReader: a line of a `test` block, as the checker reads it: items with commas between them. Main thread.
 */
import { METHOD_WORDS } from '../check/values/argument-value.ts';
import { knownHeaders } from '../check/values/header-names.ts';
import { STATUS_DOCS } from './argument-reader.ts';
import type { LineReader } from './line-reader.ts';

export class TestReader {
  readonly #line: LineReader;

  constructor(line: LineReader) {
    this.#line = line;
  }

  /** read passes over the line. */
  read(): void {
    const line = this.#line;
    const isGiven = line.keyword(
      'given',
      'the request or connection: `given ip 198.51.100.7, GET https://www.example.com/admin`, `given tcp to :443`',
    );
    if (!isGiven && !line.keyword('expect', 'what is to happen: `expect deny 404 by admin`, `expect send to app`')) {
      return;
    }
    for (;;) {
      if (isGiven) this.#given();
      else this.#expected();
      while (!line.isDone && line.peek()!.kind !== 'comma') line.at++;
      if (line.isDone) return;
      line.at++;
    }
  }

  #given(): void {
    const line = this.#line;
    for (const method of METHOD_WORDS) line.propose(method, 'value', 'the request: a method and a URL');
    if (line.keyword('ip', 'the client’s address')) return;
    if (line.keyword('tcp', 'in place of a request a connection: `tcp to :443`')) {
      line.keyword('to', 'the port of the listener, as in `:443`');
      return;
    }
    if (line.keyword('sni', 'the name in the client’s TLS hello; `sni absent`: it names none')) {
      line.propose('absent', 'value', 'the client names none');
      return;
    }
    if (line.keyword('alpn', 'the protocols in the client’s TLS hello, with blanks between them')) {
      for (const protocol of ['h2', 'http/1.1', 'acme-tls/1']) line.propose(protocol, 'value', '');
      return;
    }
    this.#fields();
    if (line.keyword('listener', 'the listener that takes the request')) line.name('listener', false);
    else this.#header('is');
  }

  /** fields proposes what a connection would show, as `client certificate cn is ann`. */
  #fields(): void {
    const line = this.#line;
    for (const { name, doc, knownFrom } of line.vocabulary.fields.values()) {
      if (knownFrom === 'handshake' || knownFrom === 'proxy') line.propose(`${name} is`, 'value', doc);
    }
  }

  #expected(): void {
    const line = this.#line;
    if (line.keyword('allow', 'a guard ends the guards with `allow`')) return;
    if (line.keyword('send', 'the request goes to a backend')) {
      if (line.keyword('to', '')) line.name('backend', false);
    } else if (line.keyword('deny', 'a guard refuses the request')) {
      this.#status();
      if (line.keyword('by', 'the definition or list that the guard names')) this.#condition();
    } else if (line.keyword('redirect', 'the answer is a redirection')) {
      this.#status();
      line.keyword('to', 'the whole location');
    } else this.#header('is', 'absent');
  }

  #header(...operators: string[]): void {
    const line = this.#line;
    const isHeader = line.keyword('header', '`header NAME is VALUE`');
    if (!isHeader && !line.keyword('cookie', '`cookie NAME is VALUE`')) return;
    if (isHeader) for (const name of knownHeaders()) line.propose(name, 'value', '');
    if (line.isDone) return;
    line.at++;
    for (const operator of operators) if (line.keyword(operator)) return;
  }

  #status(): void {
    const line = this.#line;
    for (const [status, doc] of Object.entries(STATUS_DOCS)) line.propose(status, 'value', '', doc);
    if (/^\d/.test(line.wordAt(line.at) ?? '')) line.at++;
  }

  #condition(): void {
    const line = this.#line;
    line.proposeNames('list');
    const isList = line.names.of('list').has(line.wordAt(line.at) ?? '');
    line.name(isList ? 'list' : 'define', false);
  }
}
