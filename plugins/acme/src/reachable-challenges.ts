/**
 * ReachableChallenges: by which listeners an authority could come to look. Main thread.
 */
import type { ListenerPlan } from '@sluice/dsl/plan';
import type { ChallengeKind } from './acme-options.ts';

/** reachableChallenges returns the kinds of challenges that an authority could validate with these listeners. */
export function reachableChallenges(listeners: readonly ListenerPlan[]): readonly ChallengeKind[] {
  const isOn = (port: number, isTls: boolean): boolean =>
    listeners.some(
      ({ address, otherAddresses = [], protocol, tls, certificates = [] }) =>
        [address, ...otherAddresses].some((each) => 'port' in each && each.port === port) &&
        (isTls ? certificates.length > 0 : tls === null && protocol === 'http'),
    );
  const kinds: ChallengeKind[] = [];
  if (isOn(80, false)) kinds.push('http-01');
  if (isOn(443, true)) kinds.push('tls-alpn-01');
  return kinds;
}
