/**
 * A strategy of one's own: `balance same-path` sends a path to the same server every time, so that each server's cache holds
 * its own share of the site. When a server goes, only its paths move (rendezvous hashing).
 *
 * One file is both halves of the plugin. The gateway reads the manifest, the default export; every data thread imports the file
 * again for itself, for `balancers`.
 */
import { definePlugin } from '@sluice/core/plugin';

export default definePlugin({
  name: 'same-path',
  apiVersion: 1,
  data: import.meta.url,
  components: [
    {
      kind: 'component',
      slot: 'balance',
      name: 'same-path',
      doc: 'The same path goes to the same server.',
      example: 'balance same-path',
      args: [],
    },
  ],
});

/** @type {import('@sluice/core/plugin').DataEntry['balancers']} */
export const balancers = { 'same-path': () => ({ pick }) };

/** @type {import('@sluice/core/plugin').Balancer['pick']} */
function pick(facts, pool) {
  let best = -1;
  let bestRank = -1;
  for (let index = 0; index < pool.size; index++) {
    if (!pool.isUsable(index)) continue;
    const rank = hash(`${pool.name(index)} ${facts.path}`);
    if (rank > bestRank) [best, bestRank] = [index, rank];
  }
  return best;
}

/** FNV-1a with a last stir, to 32 bits. @param {string} text */
function hash(text) {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
