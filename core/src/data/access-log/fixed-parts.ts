/**
 * FixedParts: what lines say of rules and servers: the same for every request, so it is written once. Data plane.
 */
import { type Address, formatPlace, type Rule, type ServerPlan } from '@sluice/dsl/plan';

const places = new WeakMap<Rule, string>();
const addresses = new WeakMap<ServerPlan, string>();

/** placeOf is where a rule stands: `file:line:column`; '': there is none. */
export function placeOf(rule: Rule | null): string {
  if (rule === null) return '';
  let place = places.get(rule);
  if (place === undefined) {
    place = formatPlace(rule.place);
    places.set(rule, place);
  }
  return place;
}

/** addressOf is a server's address as it is written: `10.0.0.1:80`, `[::1]:80`, `unix:/run/app.sock`; '': there is no server. */
export function addressOf(server: ServerPlan | null): string {
  if (server === null) return '';
  let text = addresses.get(server);
  if (text === undefined) {
    text = written(server.address);
    addresses.set(server, text);
  }
  return text;
}

function written(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host, port } = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
