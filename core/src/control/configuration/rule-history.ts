/**
 * RuleHistory: the texts of rules that were activated over the API, with who did it and when: the last 100. Main thread.
 *
 * With a folder, each is a file of its own there, and they outlive the process; without one, they are in memory alone.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { reasonOf } from '../report/errors.ts';
import { replaceFile, tagOf } from './rule-text.ts';

const MOST_ENTRIES = 100;

export interface HistoryEntry {
  /** Counts from 1, and on over restarts where there is a folder. */
  readonly number: number;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** The name of the caller's token; null: none was asked for. `sluice`: the gateway itself. */
  readonly who: string | null;
  readonly message: string | null;
  readonly tag: string;
  readonly text: string;
}

export class RuleHistory {
  readonly #folder: string | null;
  readonly #log: Logger;
  #entries: HistoryEntry[] | null = null;

  constructor(folder: string | null, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  /** entries are all, oldest first. */
  async entries(): Promise<readonly HistoryEntry[]> {
    this.#entries ??= await this.#read();
    return this.#entries;
  }

  /** add never rejects: rules that are active are not taken back because their history cannot be kept. */
  async add(who: string | null, message: string | null, text: string): Promise<HistoryEntry> {
    await this.entries();
    const entries = this.#entries!;
    const number = (entries.at(-1)?.number ?? 0) + 1;
    const entry = { number, at: new Date().toISOString(), who, message, tag: tagOf(text), text };
    entries.push(entry);
    const dropped = entries.splice(0, Math.max(0, entries.length - MOST_ENTRIES));
    if (this.#folder === null) return entry;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await replaceFile(this.#fileOf(number), JSON.stringify(entry));
      for (const each of dropped) await rm(this.#fileOf(each.number), { force: true });
    } catch (thrown) {
      this.#log.error(`the history of the rules is in memory alone: ${reasonOf(thrown)}`);
    }
    return entry;
  }

  #fileOf(number: number): string {
    return join(this.#folder!, `${number}.json`);
  }

  async #read(): Promise<HistoryEntry[]> {
    if (this.#folder === null) return [];
    const names = await readdir(this.#folder).catch(() => []);
    const numbers = names.flatMap((name) => (/^[1-9]\d{0,8}\.json$/.test(name) ? [Number.parseInt(name, 10)] : []));
    const entries: HistoryEntry[] = [];
    for (const number of numbers.sort((a, b) => a - b).slice(-MOST_ENTRIES)) {
      try {
        const entry = JSON.parse(await readFile(this.#fileOf(number), 'utf8'));
        if (entry.number === number && typeof entry.text === 'string') entries.push(entry);
      } catch (thrown) {
        this.#log.warn(`${this.#fileOf(number)} is left out of the history of the rules: ${reasonOf(thrown)}`);
      }
    }
    return entries;
  }
}
