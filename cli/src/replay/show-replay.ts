/**
 * ShowReplay: a replay's summary as people read it. Main thread.
 */
import type { Colours } from '../terminal.ts';
import type { Group, Outcome, Summary } from './summary.ts';

/** Most groups of one outcome that are shown; `--json` has all. */
const SHOWN_GROUPS = 20;

const TITLES: Readonly<Record<Exclude<Outcome, 'same'>, string>> = {
  changed: 'What changes',
  unknown: 'Unknown: the log does not contain what a rule needs',
  unsaid: 'Nothing to compare with: the log does not contain the outcome',
};

/** showReplay writes the whole report, without a line end. */
export function showReplay(summary: Summary, colours: Colours): string {
  const { bold, dim, red, yellow } = colours;
  const blocks: string[] = [];
  for (const outcome of ['changed', 'unknown', 'unsaid'] as const) {
    const groups = summary.groups.filter((group) => group.outcome === outcome);
    if (groups.length === 0) continue;
    const shown = groups.slice(0, SHOWN_GROUPS).map((group) => groupText(group, colours));
    const rest = groups.length - shown.length;
    if (rest > 0) shown.push(dim(`  … and ${rest} more groups (--json has all)`));
    blocks.push([bold(TITLES[outcome]), ...shown].join('\n'));
  }
  if (summary.bad > 0) {
    const lines = summary.badExamples.map(
      ({ line, reason, text }) => `  line ${line}: ${reason}${text === '' ? '' : `  ${dim(text)}`}`,
    );
    blocks.push([bold('Invalid lines'), ...lines].join('\n'));
  }
  const number = (value: number): string => value.toLocaleString('en-US');
  const counts = [
    `${number(summary.lines)} ${summary.lines === 1 ? 'line' : 'lines'}`,
    `${number(summary.same)} as before`,
    summary.changed > 0 ? yellow(`${number(summary.changed)} changed`) : '0 changed',
  ];
  if (summary.unknown > 0) counts.push(`${number(summary.unknown)} cannot tell`);
  if (summary.unsaid > 0) counts.push(`${number(summary.unsaid)} nothing to compare with`);
  if (summary.refused > 0) counts.push(`${number(summary.refused)} refused before any rule`);
  if (summary.bad > 0) counts.push(red(`${number(summary.bad)} bad`));
  blocks.push(counts.join(', '));
  return blocks.join('\n\n');
}

function groupText({ rule, was, now, count, examples }: Group, { bold, dim }: Colours): string {
  const change = was === '' ? now : `${was} → ${now}`;
  // A reason stands behind the status of what is refused.
  const none = /^answer \d+: /.test(now) ? 'before any rule' : 'no rule matches it';
  const by = rule === null ? none : `${rule.text}  ${dim(rule.place)}`;
  const shown = examples.map(({ line, request }) => `      ${dim(`line ${line}:`)} ${request}`);
  return [`  ${bold(count.toLocaleString('en-US'))} × ${change}`, `      ${by}`, ...shown].join('\n');
}
