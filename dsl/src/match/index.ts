export { CLIENT_NETWORKS, type ClientNetworks, maskOf, networkKey } from './address/client-network.ts';
export { IpAddress } from './address/ip-address.ts';
export { buildIpSet, IpSet } from './address/ip-set.ts';
export { ipV4, ipV6, type Network, parseCidr, parseIp } from './address/parse-ip.ts';
export { finish, type Steps } from './build/steps.ts';
export { interpretRules } from './condition/interpret.ts';
export { type ConditionTrace, type RuleTrace, traceRules } from './condition/trace.ts';
export { checkedReader } from './facts/checked-reader.ts';
export type * from './facts/facts.ts';
export type { Readers } from './facts/field-source.ts';
export { FieldFailure, MatchError } from './facts/match-error.ts';
export { describeValue, isPromise, wrongValue } from './facts/wrong-value.ts';
export { foldedName, HeaderNames } from './request/header-names.ts';
export { type Authority, bareName, hostText, isSameAuthority, readAuthority } from './request/host.ts';
export { Memo } from './request/memo.ts';
export { isPlainPolicy, normalisePath } from './request/path.ts';
export { compileKey } from './request/request-key.ts';
export { readWrittenHead, type WrittenHead } from './request/written-head.ts';
export {
  parseWrittenRequest,
  serverName,
  type WrittenHeader,
  WrittenRequest,
  WrittenRequestError,
} from './request/written-request.ts';
export { buildMapTable, buildValueTable } from './rule/build-tables.ts';
export { compileMap, linkMaps, type MapLookup } from './rule/map-table.ts';
export { compileRules, compileRulesInSteps, indexRules, type RuleMatcher } from './rule/rule-matcher.ts';
export { compileSearch, type Found, splitGroups } from './template/replacement.ts';
export { compileTemplate, type SecretReader } from './template/template.ts';
export { escaped, safeText } from './text/safe-text.ts';
