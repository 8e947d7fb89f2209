/**
 * Rules makes many deny rules, most of two conditions, none of which the benchmark's requests meet. Benchmark code.
 */
export interface Rule {
  /** A path; the rule is about it and everything below. */
  readonly area: string;
  /** What the second condition is about. */
  readonly kind: 'ip' | 'header' | 'host' | 'regex';
  readonly value: string;
}

/**
 * makeRules makes so many, all different: host and path, address and path, method and header, and one in fifty that is a
 * regular expression.
 */
export function makeRules(count: number): Rule[] {
  return Array.from({ length: count }, (_, at) => {
    const area = `/area-${at}`;
    if (at % 50 === 49) return { area, kind: 'regex', value: `^${area}/[a-z]+/[0-9]+$` };
    if (at % 3 === 0) return { area, kind: 'ip', value: `10.${(at >> 8) & 255}.${at & 255}.0/24` };
    if (at % 3 === 1) return { area, kind: 'header', value: `team-${at}` };
    return { area, kind: 'host', value: `tenant-${at}.example.com` };
  });
}
