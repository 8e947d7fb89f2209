/**
 * AttemptedExchange: what a server side needs of the exchange that it makes an attempt for. Data plane.
 */
import type { BackendPlan, SendProxyPlan } from '@sluice/dsl/plan';
import type { AnswerHead } from '../message/answer-head.ts';
import type { LiveRequest } from '../message/live-request.ts';
import type { ClientSide } from './client-side.ts';
import type { Failure } from './failure.ts';

export interface AttemptedExchange {
  readonly request: LiveRequest;
  readonly client: ClientSide;
  readonly backend: {
    readonly slot: number;
    readonly plan: BackendPlan;
    /** What connections to its servers begin with; null: nothing. */
    readonly sendProxy: SendProxyPlan | null;
  };
  /** The request is a connection of a `tcp` listener: it has no head, no answer and no status. */
  readonly isRelayed: boolean;
  /** The answer began before the request was sent whole: the server may not have read the rest. */
  readonly isEarly: boolean;

  /** serverConnected: the connection stands, and the body may come. */
  serverConnected(): void;
  /** serverDrained: the server side has room again. */
  serverDrained(): void;
  /** serverFailed: nothing more will come of the attempt. `reason`: what the answer was refused for. */
  serverFailed(failure: Failure, reason?: string): void;
  answerInterim(answer: AnswerHead): void;
  /** answerBegins forwards the head of a final answer. False: the server's answer is not wanted any more. */
  answerBegins(answer: AnswerHead): boolean;
  /** answerSwitches forwards a 101 that was asked for. False: it was not, and the attempt has failed. */
  answerSwitches(answer: AnswerHead): boolean;
  answerEnded(): void;
  tunnelBegins(): void;
  /** tunnelMoved: bytes have come, so the tunnel's time begins again. */
  tunnelMoved(): void;
  tunnelHalfEnds(): void;
  tunnelEnds(hadError: boolean): void;
  /** relayedSpoke: the first byte of a server that is relayed has come. That is all there is to know of its answer. */
  relayedSpoke(): void;
  /** relayedReset: such a server has reset the connection before it said anything. */
  relayedReset(): void;
}
