/**
 * AdminTokenList gathers the `admin token` lines. Main thread.
 */
import type { AdminTokenPlan } from '../../../plan/plan.ts';
import { Collected } from '../collected.ts';

export class AdminTokenList extends Collected<readonly AdminTokenPlan[] | undefined> {
  readonly #tokens: AdminTokenPlan[] = [];

  get isEmpty(): boolean {
    return this.#tokens.length === 0;
  }

  add(token: AdminTokenPlan): void {
    this.#tokens.push(token);
  }

  plan(): readonly AdminTokenPlan[] | undefined {
    return this.isEmpty ? undefined : this.#tokens;
  }
}
