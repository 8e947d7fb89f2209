/**
 * Configuration: the rules of a running gateway as something to read, replace, try, confirm and roll back. Main thread.
 *
 * A new text goes the way of every reload: it is compiled, checked and tested, and only then written, in one step, and activated. What
 * fails on the way leaves the file and the gateway as they were. Changes wait for each other, so that of two that began with the same text
 * one is refused.
 */
import type { Logger } from 'pino';
import { importEntries } from '../../shared/plugins/import-entry.ts';
import type { Timers } from '../clock/timers.ts';
import { explain } from '../explain/explain.ts';
import type { PluginSet } from '../plugins/plugin-host.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';
import type { Rules } from '../rules/rules.ts';
import { ErrorWatch, type ResponseCounts } from './error-watch.ts';
import { compareRules, type RuleDifferences } from './rule-differences.ts';
import { type HistoryEntry, RuleHistory } from './rule-history.ts';
import { readRuleFile, replaceFile, tagOf } from './rule-text.ts';
import { forgetUnconfirmed, keepUnconfirmed } from './unconfirmed.ts';

/** ConfiguredGateway is what a configuration needs of its gateway. */
export interface ConfiguredGateway {
  rules(): Rules;
  set(): PluginSet;
  generation(): number;
  /** Compiles, checks and tests a text in the place of the rules; opens nothing. */
  load(text: string): Promise<PluginSet>;
  reload(rules: Rules): Promise<void>;
  /** All responses to clients so far. */
  responses(): ResponseCounts;
  readonly log: Logger;
  readonly timers: Timers;
  /** The folder of the history; null: it is in memory. */
  readonly historyFolder: string | null;
}

export interface RuleTextState {
  /** null: the rules are a text without a file. */
  readonly file: string | null;
  readonly text: string;
  /** The same for the same text only. */
  readonly tag: string;
  /** What is still to be confirmed; null: nothing. */
  readonly unconfirmed: { readonly leftMs: number } | null;
}

export interface ReplaceOptions {
  /** The tag of the text that is replaced: SG0901 when it is another by now. */
  readonly tag: string;
  readonly who: string | null;
  readonly message?: string | null;
  /** True: everything is done but writing and applying. */
  readonly isDryRun?: boolean;
  /** Rolled back automatically unless `confirm` comes in time, and at once when clients get clearly more errors than before. */
  readonly confirmWithinMs?: number | null;
}

export interface ReplaceResult {
  readonly tag: string;
  readonly generation: number;
  /** null for a dry run. */
  readonly history: number | null;
  readonly isApplied: boolean;
  readonly differences: RuleDifferences;
}

/** Steps of a comparison: some tenths of a second, as the main thread does nothing else meanwhile. */
const DIFFERENCE_BUDGET = 500_000;

/** How often error rates are looked at while a change is to be confirmed. */
const LOOK_MS = 1000;

interface Pending {
  /** For the end of the time, and for the next look at error rates. */
  timer: unknown;
  look: unknown;
  readonly untilMs: number;
  readonly before: string;
  readonly tag: string;
}

export class Configuration {
  readonly #gateway: ConfiguredGateway;
  readonly #history: RuleHistory;
  #line: Promise<unknown> = Promise.resolve();
  #pending: Pending | null = null;

  constructor(gateway: ConfiguredGateway) {
    this.#gateway = gateway;
    this.#history = new RuleHistory(gateway.historyFolder, gateway.log);
  }

  /** current is the rule file as it is on disk, or the active text. Rejects with SG0903 for a plan without text, and SG0907. */
  async current(): Promise<RuleTextState> {
    const text = await this.#text();
    const left = this.#pending === null ? null : this.#pending.untilMs - this.#gateway.timers.now();
    return {
      file: this.#file(),
      text,
      tag: tagOf(text),
      unconfirmed: left === null ? null : { leftMs: Math.max(0, Math.round(left)) },
    };
  }

  /**
   * replace puts a text in the place of the rules. Rejects with SG0201, SG0204 and all that a reload rejects with, SG0901 when the text is not
   * the one of `tag`, SG0902 when the file changed meanwhile, SG0904 while another change is to be confirmed, and SG0907.
   */
  replace(text: string, options: ReplaceOptions): Promise<ReplaceResult> {
    return this.#inLine(() => this.#replace(text, options));
  }

  /** confirm keeps what `confirmWithinMs` would roll back. Rejects with SG0906 when there is nothing to confirm. */
  confirm(): Promise<void> {
    return this.#inLine(async () => {
      const pending = this.#pending;
      if (pending === null) throw new GatewayError('SG0906', {});
      await this.#settle(pending);
    });
  }

  /** history is what was activated over this configuration, oldest first. */
  history(): Promise<readonly HistoryEntry[]> {
    return this.#history.entries();
  }

  /** entry rejects with SG0905. */
  async entry(number: number): Promise<HistoryEntry> {
    const entries = await this.history();
    const found = entries.find((each) => each.number === number);
    if (found !== undefined) return found;
    throw new GatewayError('SG0905', { number, known: entries.map((each) => each.number).join(', ') || 'none' });
  }

  /** rollback activates a text of the history again. Rejects with SG0905, and as `replace` does. */
  async rollback(number: number, who: string | null): Promise<ReplaceResult> {
    const { text } = await this.entry(number);
    return this.#inLine(async () => {
      const tag = tagOf(await this.#text());
      return this.#replace(text, { tag, who, message: `rollback to ${number}` });
    });
  }

  /** stop forgets the timer; what is unconfirmed is rolled back by the next start. */
  stop(): void {
    if (this.#pending !== null) this.#clearTimers(this.#pending);
  }

  #inLine<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#line.then(step);
    this.#line = done.catch(() => {});
    return done;
  }

  #file(): string | null {
    const rules = this.#gateway.rules();
    return typeof rules === 'object' && 'file' in rules ? rules.file : null;
  }

  async #text(): Promise<string> {
    const rules = this.#gateway.rules();
    if (typeof rules === 'string') return rules;
    if ('file' in rules) return readRuleFile(rules.file);
    throw new GatewayError('SG0903', {});
  }

  async #replace(text: string, options: ReplaceOptions): Promise<ReplaceResult> {
    const { who, message = null, isDryRun = false, confirmWithinMs = null } = options;
    const before = await this.#text();
    if (tagOf(before) !== options.tag) throw new GatewayError('SG0901', {});
    if (this.#pending !== null && !isDryRun) throw new GatewayError('SG0904', {});
    const candidate = await this.#gateway.load(text);
    const differences = await this.#differences(candidate);
    const tag = tagOf(text);
    if (isDryRun) {
      return { tag, generation: this.#gateway.generation(), history: null, isApplied: false, differences };
    }
    // The first change of all can be taken back, too.
    if ((await this.history()).length === 0) await this.#history.add(null, 'before the first change', before);
    await this.#apply(before, text, confirmWithinMs !== null);
    if (confirmWithinMs !== null) this.#expectConfirmation(before, tag, confirmWithinMs);
    const { number } = await this.#history.add(who, message, text);
    return { tag, generation: this.#gateway.generation(), history: number, isApplied: true, differences };
  }

  /** apply writes a text and has the gateway reload it; what fails leaves both as they were. */
  async #apply(before: string, text: string, isToConfirm: boolean): Promise<void> {
    const file = this.#file();
    if (file === null) {
      await this.#gateway.reload(text);
      return;
    }
    if (isToConfirm) await keepUnconfirmed(file, { tag: tagOf(text), text: before });
    try {
      if ((await readRuleFile(file)) !== before) throw new GatewayError('SG0902', { file });
      await replaceFile(file, text);
      try {
        await this.#gateway.reload({ file });
      } catch (thrown) {
        await replaceFile(file, before);
        throw thrown;
      }
    } catch (thrown) {
      if (isToConfirm) await forgetUnconfirmed(file);
      throw thrown;
    }
  }

  #expectConfirmation(before: string, tag: string, withinMs: number): void {
    const { timers } = this.#gateway;
    const timer = timers.set(() => this.#takeBackInLine('were not confirmed in time'), withinMs);
    const pending: Pending = { timer, look: null, untilMs: timers.now() + withinMs, before, tag };
    this.#pending = pending;
    this.#lookAtErrors(pending, new ErrorWatch(this.#gateway.responses()));
  }

  #lookAtErrors(pending: Pending, watch: ErrorWatch): void {
    pending.look = this.#gateway.timers.set(() => {
      const rise = watch.rise(this.#gateway.responses());
      if (rise === null) this.#lookAtErrors(pending, watch);
      else this.#takeBackInLine(`brought errors (${rise})`);
    }, LOOK_MS);
  }

  #clearTimers({ timer, look }: Pending): void {
    this.#gateway.timers.clear(timer);
    this.#gateway.timers.clear(look);
  }

  #takeBackInLine(why: string): void {
    void this.#inLine(() => this.#takeBack(why));
  }

  /** takeBack rolls back what is to be confirmed. `why`: such as `were not confirmed in time`. */
  async #takeBack(why: string): Promise<void> {
    const pending = this.#pending;
    if (pending === null) return;
    const { log } = this.#gateway;
    try {
      const text = await this.#text();
      if (tagOf(text) === pending.tag) {
        await this.#apply(text, pending.before, false);
        await this.#history.add('sluice', `rolled back: the rules ${why}`, pending.before);
        log.warn(`the new rules ${why}, and were rolled back`);
      } else log.warn(`the new rules ${why}, but have been changed since then: they are left as they are`);
    } catch (thrown) {
      log.error(`the new rules ${why}, and could not be rolled back: ${reasonOf(thrown)}`);
    }
    await this.#settle(pending);
  }

  async #settle(pending: Pending): Promise<void> {
    this.#clearTimers(pending);
    const file = this.#file();
    if (file !== null) await forgetUnconfirmed(file);
    this.#pending = null;
  }

  async #differences(candidate: PluginSet): Promise<RuleDifferences> {
    const running = this.#gateway.set();
    const entries = [...(await importEntries(running.entries)), ...(await importEntries(candidate.entries))];
    const readers = new Map(entries.flatMap(({ fields }) => Object.entries(fields ?? {})));
    const compared = (set: PluginSet) => ({
      plan: set.plan,
      explaining: { explain: (request: Parameters<typeof explain>[0]) => explain(request, set, null) },
    });
    return compareRules(compared(running), compared(candidate), readers, DIFFERENCE_BUDGET);
  }
}
