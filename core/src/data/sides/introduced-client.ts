/**
 * IntroducedClient: a client as servers are told of it, by the PROXY header that connections for it begin with. Data plane.
 */
import type { IpAddress } from '@sluice/dsl/match';
import type { SendProxyPlan } from '@sluice/dsl/plan';

/** IntroducedServer keeps connections that were introduced as a client's. */
export interface IntroducedServer {
  /** forgetIntroduction closes what is kept for a client that has gone. */
  forgetIntroduction(introduction: string): void;
}

export interface IntroducedClient {
  /** introduction is the PROXY header for a request, or connection, of this address. */
  introduction(plan: SendProxyPlan, ip: IpAddress): string;
  /** rememberIntroduction: a server may keep a connection that was introduced so. */
  rememberIntroduction(server: IntroducedServer, introduction: string): void;
}
