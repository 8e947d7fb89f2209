/**
 * ListWatcher: looks at the files of lists and maps while the rules run, and reads those that changed. Main thread.
 *
 * A file is read as strictly as at the start. One that is bad is reported once, line by line, and the old entries stay in
 * force; it is read again when it changes again. Files that change while they are read are read once more a moment later.
 */
import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type Diagnostic, formatDiagnostic, type ListFileResult, readListFile, readMapFile } from '@sluice/dsl';
import type { ListPlan, MapPlan, NewEntries, Plan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { Timers } from '../clock/timers.ts';
import { reasonOf } from '../report/errors.ts';
import { problemFields } from '../report/log.ts';
import { fileReason } from '../report/path-problem.ts';

/** ListEvent says how the reading of a file that changed ended. A bad one left the old entries active. */
export interface ListEvent {
  readonly kind: 'list' | 'map';
  readonly name: string;
  /** As written in the rules. */
  readonly file: string;
  readonly isOk: boolean;
  /** The current entries. */
  readonly entries: number;
  /** What is wrong in the file, line by line; empty when it is right, or cannot be read at all. */
  readonly diagnostics: readonly Diagnostic[];
  /** For people: why the old entries stay; empty when the new ones are active. */
  readonly reason: string;
}

export interface ListWatcherOptions {
  readonly log: Logger;
  readonly timers: Timers;
  /** The active plan. */
  plan(): Plan;
  /** Activates entries. A rejection leaves the old ones. */
  put(entries: NewEntries): Promise<void>;
  emit(event: ListEvent): void;
}

/** A file that was being written is looked at again after this time, in milliseconds. */
const UNSTEADY_MS = 100;

interface Watched {
  readonly kind: 'list' | 'map';
  readonly name: string;
  readonly path: string;
  readonly refreshMs: number;
  /** Its last content was not taken, and that was reported. */
  isFailing: boolean;
  /** What the file was recognized by when it was last dealt with; null: not yet. */
  stamp: string | null;
  timer: unknown;
}

export class ListWatcher {
  readonly #options: ListWatcherOptions;
  #watched: readonly Watched[] = [];

  constructor(options: ListWatcherOptions) {
    this.#options = options;
  }

  /** watch begins anew with the files of the active plan. */
  watch(): void {
    this.stop();
    const { lists, maps } = this.#options.plan();
    const watched = (kind: Watched['kind'], { name, file }: ListPlan | MapPlan): Watched[] =>
      file === null || file.refreshMs === 0
        ? []
        : [{ kind, name, path: file.path, refreshMs: file.refreshMs, isFailing: false, stamp: null, timer: null }];
    this.#watched = [...lists.flatMap((list) => watched('list', list)), ...maps.flatMap((map) => watched('map', map))];
    for (const each of this.#watched) this.#set(each, each.refreshMs);
  }

  /** stop looks at nothing any more. */
  stop(): void {
    for (const { timer } of this.#watched) this.#options.timers.clear(timer);
    this.#watched = [];
  }

  #set(watched: Watched, delayMs: number): void {
    watched.timer = this.#options.timers.set(() => {
      void this.#look(watched).then((isSteady) => {
        if (this.#watched.includes(watched)) {
          this.#set(watched, isSteady ? watched.refreshMs : Math.min(UNSTEADY_MS, watched.refreshMs));
        }
      });
    }, delayMs);
  }

  /** look deals with a file if it changed, and returns false when it should be looked at again soon. */
  async #look(watched: Watched): Promise<boolean> {
    const before = await stampOf(watched.path);
    if (before === watched.stamp) return true;
    let bytes: Uint8Array;
    try {
      bytes = await readFile(watched.path);
    } catch (thrown) {
      watched.stamp = before;
      this.#missing(watched, fileReason(thrown));
      return true;
    }
    if ((await stampOf(watched.path)) !== before) return false;
    if (!this.#watched.includes(watched)) return true;
    watched.stamp = before;
    await this.#take(watched, bytes);
    return true;
  }

  async #take(watched: Watched, bytes: Uint8Array): Promise<void> {
    const { plan, put, emit, log } = this.#options;
    const { lists, maps, backends } = plan();
    const { kind, name } = watched;
    const source = (kind === 'list' ? lists : maps).find((each) => each.name === name);
    if (source === undefined || source.file === null) return;
    const names = backends.map((backend) => backend.name);
    const read: ListFileResult<ListPlan['entries'] | MapPlan['entries']> =
      'type' in source ? readListFile(source, bytes) : readMapFile(source, names, bytes);
    const file = source.file.name;
    const { entries, diagnostics, sources } = read;
    if (entries === null) {
      for (const diagnostic of diagnostics) {
        log.error({ ...problemFields(diagnostic), [kind]: name }, formatDiagnostic(diagnostic, sources));
      }
      log.error({ [kind]: name }, `${kind} ${name} keeps its ${source.entries.length} entries: ${file} has errors`);
      watched.isFailing = true;
      const reason = `${file} has errors: ${diagnostics[0]?.message ?? 'it cannot be read'}`;
      emit({ kind, name, file, isOk: false, entries: source.entries.length, diagnostics, reason });
      return;
    }
    const isTold = watched.isFailing;
    if (isSame(entries, source.entries)) {
      watched.isFailing = false;
      if (!isTold) return;
      log.info({ [kind]: name }, `${kind} ${name}: ${file} is valid again, with the same entries as before`);
      emit({ kind, name, file, isOk: true, entries: entries.length, diagnostics: [], reason: '' });
      return;
    }
    try {
      await put(
        kind === 'list'
          ? { lists: { [name]: entries as string[] } }
          : { maps: { [name]: entries as MapPlan['entries'] } },
      );
    } catch (thrown) {
      // The next change, or the next reload, tries again.
      const reason = reasonOf(thrown);
      log.error({ [kind]: name }, `${kind} ${name} keeps its old entries: ${reason}`);
      watched.isFailing = true;
      emit({ kind, name, file, isOk: false, entries: source.entries.length, diagnostics: [], reason });
      return;
    }
    watched.isFailing = false;
    log.info(
      { [kind]: name, entries: entries.length },
      `${kind} ${name} has ${entries.length} entries now, from ${file}`,
    );
    emit({ kind, name, file, isOk: true, entries: entries.length, diagnostics: [], reason: '' });
  }

  #missing(watched: Watched, cause: string): void {
    const { kind, name, path } = watched;
    const { plan, emit, log } = this.#options;
    const { lists, maps } = plan();
    const source = (kind === 'list' ? lists : maps).find((each) => each.name === name);
    const reason = `cannot read ${path}: ${cause}`;
    log.error({ [kind]: name }, `${kind} ${name} keeps its old entries: ${reason}`);
    if (source === undefined || source.file === null) return;
    watched.isFailing = true;
    const entries = source.entries.length;
    emit({ kind, name, file: source.file.name, isOk: false, entries, diagnostics: [], reason });
  }
}

/** stampOf tells one content of a file from the next, as far as the file system does. */
async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeNs, ctimeNs, size, ino }: BigIntStats = await stat(path, { bigint: true });
    return `${mtimeNs} ${ctimeNs} ${size} ${ino}`;
  } catch (thrown) {
    return reasonOf(thrown);
  }
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((entry, index) => String(entry) === String(other[index]));
}
