export { buildMapTable, buildValueTable } from './build-tables.ts';
export { checkedReader } from './checked-reader.ts';
export { CLIENT_NETWORKS, type ClientNetworks, maskOf, networkKey } from './client-network.ts';
export type * from './facts.ts';
export type { Readers } from './field-source.ts';
export { foldedName, HeaderNames } from './header-names.ts';
export { type Authority, bareName, hostText, isSameAuthority, readAuthority } from './host.ts';
export { interpretRules } from './interpret.ts';
export { IpAddress } from './ip-address.ts';
export { buildIpSet, IpSet } from './ip-set.ts';
export { compileMap, linkMaps, type MapLookup } from './map-table.ts';
export { FieldFailure, MatchError } from './match-error.ts';
export { Memo } from './memo.ts';
export { ipV4, ipV6, type Network, parseCidr, parseIp } from './parse-ip.ts';
export { isPlainPolicy, normalisePath } from './path.ts';
export { compileSearch, type Found, splitGroups } from './replacement.ts';
export { compileKey } from './request-key.ts';
export { compileRules, compileRulesInSteps, indexRules, type RuleMatcher } from './rule-matcher.ts';
export { escaped, safeText } from './safe-text.ts';
export { finish, type Steps } from './steps.ts';
export { compileTemplate, type SecretReader } from './template.ts';
export { type ConditionTrace, type RuleTrace, traceRules } from './trace.ts';
export { readWrittenHead, type WrittenHead } from './written-head.ts';
export {
  parseWrittenRequest,
  serverName,
  type WrittenHeader,
  WrittenRequest,
  WrittenRequestError,
} from './written-request.ts';
export { describeValue, isPromise, wrongValue } from './wrong-value.ts';
