/**
 * TopReader: a line at the top of a rule file: the head of a section, or a definition. Main thread.
 */
import { MAP_KEYS, MAP_VALUES } from '../check/sections/map-line.ts';
import type { LineReader } from './line-reader.ts';

/** The types of lists and maps, with the type of their values. */
const LIST_TYPES: Readonly<Record<string, string>> = {
  ips: 'addresses and networks',
  hosts: 'host names',
  paths: 'paths',
  texts: 'texts',
  numbers: 'whole numbers',
};
/** What maps are made of. */
const VALUE_TYPES: Readonly<Record<string, string>> = {
  ip: 'an address, or the network it is in',
  host: 'a host name, or `*.` and the end of one',
  path: 'a path',
  text: 'a text',
  number: 'a whole number',
  backend: 'a backend',
};

export class TopReader {
  readonly #line: LineReader;

  constructor(line: LineReader) {
    this.#line = line;
  }

  /** read passes over the line. */
  read(): void {
    const line = this.#line;
    for (const word of ['listener', 'backend', 'define', 'list', 'map', 'use', 'include', 'settings', 'test']) {
      line.propose(word, 'keyword');
    }
    const word = line.wordAt(0);
    if (word === null) return;
    line.mark({ kind: 'keyword', word });
    if (word === 'listener') this.#listenerHead();
    else if (word === 'backend') this.#backendHead();
    else if (word === 'define') {
      if (line.name('define', true) !== null && line.keyword('=', '')) line.condition();
    } else if (word === 'list') this.#list();
    else if (word === 'map') this.#map();
    else if (word === 'use') {
      if (line.name('plugin', true) !== null) line.keyword('from', 'a path or a package in quotes');
    } else if (word === 'include') line.keyword('optional', 'it is no mistake when no file fits');
    else if (word !== 'settings' && word !== 'test') line.roles[0] = null;
  }

  #listenerHead(): void {
    const line = this.#line;
    if (line.name('listener', true) === null || !line.keyword('on', 'the address to listen on')) return;
    for (;;) {
      for (const address of [':80', ':443', ':8080', '127.0.0.1:8080']) line.propose(address, 'value', '');
      if (line.isDone) return;
      line.at++;
      if (line.peek()?.kind !== 'comma') break;
      line.at++;
    }
    line.keyword('tcp', 'passes connections on without reading HTTP');
  }

  #backendHead(): void {
    const line = this.#line;
    if (line.name('backend', true) !== null) line.keyword('of', 'its servers’ addresses');
  }

  #list(): void {
    const line = this.#line;
    if (line.name('list', true) === null || !line.keyword('=', '')) return;
    for (const [type, doc] of Object.entries(LIST_TYPES)) line.propose(type, 'keyword', doc);
    if (line.isDone) return;
    line.mark({ kind: 'keyword', word: line.peek()!.value });
    if (line.keyword('from', 'a file with one entry a line')) this.#source();
  }

  #source(): void {
    const line = this.#line;
    if (line.isDone) return;
    line.at++;
    line.keyword('refresh', 'how often the file is looked at again');
    for (const time of ['10s', '60s', '1h']) line.propose(time, 'value', '');
  }

  #map(): void {
    const line = this.#line;
    if (line.name('map', true) === null || !line.keyword('=', '')) return;
    const type = (types: readonly string[]): string | null => {
      for (const name of types) line.propose(name, 'keyword', VALUE_TYPES[name] ?? '');
      const word = line.wordAt(line.at);
      if (word !== null) line.mark({ kind: 'keyword', word });
      return word;
    };
    if (type(MAP_KEYS) === null || !line.keyword('to', 'the type of what is found')) return;
    const to = type(MAP_VALUES);
    if (to === null || !line.keyword('from', 'a file with a pair a line')) return;
    if (!line.isDone) line.at++;
    if (line.isWord('refresh')) {
      line.mark({ kind: 'keyword', word: 'refresh' });
      line.at++;
    } else line.propose('refresh', 'keyword', 'how often the file is looked at again');
    if (line.keyword('else', 'what is meant when nothing is found') && to === 'backend') line.name('backend', false);
  }
}
