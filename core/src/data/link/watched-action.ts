/**
 * WatchedAction: what a rule does, in a form in which the heartbeat can name it should it never return. Data plane.
 */
import { type RequestFacts, wrongValue } from '@sluice/dsl/match';
import type { Rule } from '@sluice/dsl/plan';
import type { Action } from '../../plugin/data-entry.ts';
import type { Watch } from '../../shared/plugins/watched.ts';
import { publicFacts } from '../message/public-facts.ts';

/** watchAction wraps an action. `count`: how many backends there are to choose from. */
export function watchAction(action: Action, watch: Watch, rule: Rule, count: number): Action {
  switch (action.kind) {
    case 'answer': {
      const { answer } = action;
      return { kind: 'answer', answer: watch((facts) => answer(publicFacts(facts))) };
    }
    case 'check': {
      const { check } = action;
      return { kind: 'check', check: watch((facts) => check(publicFacts(facts))) };
    }
    case 'change': {
      const { change } = action;
      return { kind: 'change', change: watch((facts, fields) => change(publicFacts(facts), fields)) };
    }
    case 'request change': {
      const { change } = action;
      return { kind: 'request change', change: watch((facts, request) => change(publicFacts(facts), request)) };
    }
    case 'route': {
      const { route } = action;
      const ask = watch((facts: RequestFacts) => route(publicFacts(facts)));
      return {
        kind: 'route',
        route: (facts) => {
          const index = ask(facts);
          if (Number.isInteger(index) && index >= -1 && index < count) return index;
          throw wrongValue(`\`${rule.verb}\` chose backend`, index, `one below ${count} or -1`);
        },
      };
    }
    default:
      return action;
  }
}
