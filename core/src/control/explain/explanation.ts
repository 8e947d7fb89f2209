/**
 * Explanation: what would happen to a request or a connection, and why, as plain data. Types only.
 */
import type { ConditionExplanation } from './condition.ts';
import type { FieldEdit } from './edits.ts';
import type { FallBackExplanation } from './fall-backs.ts';
import type { LineExplanation } from './outcome.ts';
import type { ServerExplanation } from './servers.ts';
import type { StickyExplanation } from './sticky.ts';

export interface RuleExplanation {
  /** As written. */
  readonly text: string;
  /** `file:line:column`. */
  readonly place: string;
  /** `passed`: its condition holds, and it let the request go on, as a limit does that is not exceeded. */
  readonly outcome: 'match' | 'passed' | 'no match' | 'error';
  /** null: for every request. */
  readonly condition: ConditionExplanation | null;
  readonly error: string | null;
}

export type Verdict =
  /** `reason`: why the gateway answers so although no rule says it: the request is refused, or no server takes it. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      readonly reason?: string;
    }
  /** `isPassthrough`: TLS is passed on undecrypted. */
  | { readonly kind: 'send'; readonly backend: string; readonly isPassthrough?: true }
  /** The connection is closed without a word. `reason`: why no rule was asked. */
  | { readonly kind: 'close'; readonly reason?: string }
  /** No line passes the connection on: the gateway ends its TLS, and its requests are judged one by one. */
  | { readonly kind: 'open' }
  /** A rule could not be decided: the request is refused, a connection closed. */
  | { readonly kind: 'error'; readonly status: 500; readonly message: string };

/** Otherwise is the verdict that a request would get without the rule that decided, and the rule that would decide then. */
export interface Otherwise {
  readonly verdict: Verdict;
  readonly by: RuleExplanation | null;
}

export interface Explanation {
  readonly request: {
    /** Empty for a connection, as are `host`, `path` and `query`. */
    readonly method: string;
    /** `http`, `https`, or `tcp` for a connection. */
    readonly scheme: string;
    readonly host: string;
    readonly port: number;
    readonly path: string;
    readonly query: string;
    readonly ip: string;
    /** The name in the hello of TLS, where the listener reads it; empty: the client names none. */
    readonly sni?: string;
    /** The protocols that the client offers there. */
    readonly alpn?: readonly string[];
  };
  readonly listener: string;
  /**
   * A gateway runs the rules: states, loads, queues, circuits, stickiness and rates are those of now. False: servers are assumed
   * to be healthy and idle, and limits not to be exceeded.
   */
  readonly isLive: boolean;
  readonly verdict: Verdict;
  /** The rule that decided; null when no rule did (no route takes the request: 404). */
  readonly by: RuleExplanation | null;
  /** What would happen if that rule were not there; null where none decided, or it is the `otherwise`. */
  readonly otherwise: Otherwise | null;
  /** The lines `tls passthrough to …`: they are asked first, before TLS is opened. */
  readonly passthroughs: readonly RuleExplanation[];
  readonly guards: readonly RuleExplanation[];
  readonly changes: readonly RuleExplanation[];
  readonly routes: readonly RuleExplanation[];
  readonly edits: readonly FieldEdit[];
  /** The answer that `on response` was asked about: the rule's own, or for one of a server the one that was assumed. */
  readonly answer: { readonly status: number; readonly isAssumed: boolean };
  /** The changes of `on response`. */
  readonly responses: readonly RuleExplanation[];
  readonly answerEdits: readonly FieldEdit[];
  /** The file of the listener's own page that an answer is sent with, or null. */
  readonly page: string | null;
  /** The steps from the chosen backend, where it has too few servers, to the one that gets the request. */
  readonly fallBacks: readonly FallBackExplanation[];
  /** What answers in place of servers; null: servers do. */
  readonly serve: string | null;
  readonly balance: string | null;
  readonly stick: string | null;
  /** Where the client belongs in the chosen backend; null when that has no stickiness, or a rule answered. */
  readonly sticky: StickyExplanation | null;
  /** Where the request waits for a server with room; null: it does not. */
  readonly line: LineExplanation | null;
  /** The servers of the backend that gets the request, or would if they took it; empty when a rule or the backend itself answers. */
  readonly servers: readonly ServerExplanation[];
}
