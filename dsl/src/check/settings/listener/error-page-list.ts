/**
 * ErrorPageList gathers the custom pages of a listener. A status has one page. Main thread.
 */
import type { ErrorPage } from '../../../plan/plan.ts';
import { Collected } from '../collected.ts';
import type { SettingLine } from '../setting-line.ts';
import { readErrorPage } from './error-page-file.ts';

export class ErrorPageList extends Collected<readonly ErrorPage[]> {
  readonly #pages: ErrorPage[] = [];
  /** The statuses that have a page, by the line that says so. */
  readonly #paged = new Map<number, number>();

  add(line: Pick<SettingLine, 'args' | 'spans' | 'span' | 'scope'>): void {
    const page = readErrorPage(line.scope, line, this.#paged);
    if (page !== null) this.#pages.push(page);
  }

  plan(): readonly ErrorPage[] {
    return this.#pages;
  }
}
