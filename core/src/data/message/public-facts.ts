/**
 * PublicFacts: what plugins' functions are given in place of the gateway's own objects. Hot path; data plane.
 */
import type { RequestFacts } from '@sluice/dsl/match';

/**
 * publicFacts is the object that plugins see: the gateway's own ones, which are used again, have one for each request. Others
 * (written requests, those of simulations and tests) are nobody else's and stand for themselves.
 */
export function publicFacts(facts: RequestFacts): RequestFacts {
  return (facts as { readonly facts?: RequestFacts }).facts ?? facts;
}
