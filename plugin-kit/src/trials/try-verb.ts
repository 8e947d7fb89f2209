/**
 * TryVerb: what a rule with a verb does.
 */
import type { Action, Answer, PluginManifest } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import type { Args } from '@sluice/dsl/plan';
import { FakeEditor } from '../fakes/fake-editor.ts';
import { type FakeRequest, fakeFacts } from '../fakes/fake-facts.ts';
import { type FakeNames, fakeLinker } from '../fakes/fake-linker.ts';
import { checkedDataEntry, functionOf } from './checked-data-entry.ts';

/** VerbOptions are the names that the verb may ask for, as in `fakeLinker`. */
export type VerbOptions = FakeNames;

/** VerbTrial is a rule, linked. Each method throws for an action of another kind, and for what the gateway would not accept. */
export class VerbTrial {
  readonly action: Action;

  constructor(action: Action) {
    this.action = action;
  }

  /** answer is what an `answer` or a `check` responds with; null: a check lets the request go on. */
  answer(request: FakeRequest = {}): Answer | null {
    const { action } = this;
    if (action.kind === 'check') return action.check(fakeFacts(request));
    if (action.kind === 'answer') return action.answer(fakeFacts(request));
    throw this.#other('answer');
  }

  /** route is the index of the backend; -1: the request goes on to the next route. */
  route(request: FakeRequest = {}): number {
    if (this.action.kind === 'route') return this.action.route(fakeFacts(request));
    throw this.#other('route');
  }

  /** change returns the request, or response, as a change leaves it. `request` is what it was before, and the facts of the rule. */
  change(request: FakeRequest = {}): FakeEditor {
    const editor = new FakeEditor(request);
    const facts: RequestFacts = fakeFacts(request);
    if (this.action.kind === 'change') this.action.change(facts, editor);
    else if (this.action.kind === 'request change') this.action.change(facts, editor);
    else throw this.#other('change');
    return editor;
  }

  #other(wanted: string): TypeError {
    return new TypeError(`the action is of the kind \`${this.action.kind}\`, so it has no ${wanted}`);
  }
}

/** tryVerb imports a verb of a plugin and links it with arguments, as the checker would pass them. */
export async function tryVerb(
  manifest: PluginManifest,
  name: string,
  args: Args = {},
  options: VerbOptions = {},
): Promise<VerbTrial> {
  const { verbs } = await checkedDataEntry(manifest);
  return new VerbTrial(functionOf(manifest, 'verbs', verbs, name)(args, fakeLinker(options)));
}
