/**
 * WatchedAction: what a rule does, in a form in which the heartbeat can name it should it never return. Data plane.
 */
import { wrongValue } from '@sluice/dsl/match';
import type { Rule } from '@sluice/dsl/plan';
import type { Action } from '../../plugin/data-entry.ts';
import type { Heartbeats } from '../../shared/tables/heartbeats.ts';
import { publicFacts } from '../message/public-facts.ts';

/** watchAction wraps an action. `id` is the word's in the heartbeats; `count`: how many backends there are to choose from. */
export function watchAction(action: Action, id: number, heartbeats: Heartbeats, rule: Rule, count: number): Action {
  switch (action.kind) {
    case 'answer': {
      const { answer } = action;
      return {
        kind: 'answer',
        answer: (facts) => {
          heartbeats.enter(id);
          const made = answer(publicFacts(facts));
          heartbeats.leave();
          return made;
        },
      };
    }
    case 'check': {
      const { check } = action;
      return {
        kind: 'check',
        check: (facts) => {
          heartbeats.enter(id);
          const made = check(publicFacts(facts));
          heartbeats.leave();
          return made;
        },
      };
    }
    case 'change': {
      const { change } = action;
      return {
        kind: 'change',
        change: (facts, fields) => {
          heartbeats.enter(id);
          change(publicFacts(facts), fields);
          heartbeats.leave();
        },
      };
    }
    case 'request change': {
      const { change } = action;
      return {
        kind: 'request change',
        change: (facts, request) => {
          heartbeats.enter(id);
          change(publicFacts(facts), request);
          heartbeats.leave();
        },
      };
    }
    case 'route': {
      const { route } = action;
      return {
        kind: 'route',
        route: (facts) => {
          heartbeats.enter(id);
          const index = route(publicFacts(facts));
          heartbeats.leave();
          if (Number.isInteger(index) && index >= -1 && index < count) return index;
          throw wrongValue(`\`${rule.verb}\` chose backend`, index, `one below ${count} or -1`);
        },
      };
    }
    default:
      return action;
  }
}
