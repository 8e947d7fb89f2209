/**
 * SettingsSection: `settings { … }` to the plan's settings. Main thread.
 */
import type { ComponentUse, SettingsPlan } from '../../plan/plan.ts';
import type { SourceText, Span } from '../../source/source-text.ts';
import type { Statement } from '../../syntax/tree.ts';
import { SETTINGS } from '../../vocabulary/base-words.ts';
import { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import { readAdmin } from './admin-line.ts';
import { DEFAULTS } from './defaults.ts';
import { expectSetting, findSetting, otherSection, readSetting } from './setting-line.ts';

/** SettingsSection is a `settings { … }` and the file it stands in. */
export interface SettingsSection {
  readonly statement: Statement;
  readonly source: SourceText;
}

/** checkSettings reads all `settings` sections of the rules; more than one is an error. */
export function checkSettings(scope: Scope, sections: readonly SettingsSection[]): SettingsPlan {
  let settings = DEFAULTS.settings;
  const said = new Map<string, Span>();
  for (const [index, { statement: section, source }] of sections.entries()) {
    scope.source = source;
    const word = section.head.phrases[0]!.items[0]!;
    if (index > 0) {
      const before = sections[0]!.source.placeOf(sections[0]!.statement);
      scope.error('SL0122', word, { word: 'settings', line: scope.lineOf(before) });
      continue;
    }
    const extra = section.head.phrases[0]!.items[1] ?? section.head.joints[0] ?? section.whenSpan;
    if (extra != null && !section.isBroken) {
      scope.error('SL0118', extra, { word: scope.source.text.slice(extra.start, extra.end) }, 'Write `settings { … }`');
    }
    if (section.block === null && !section.isBroken)
      scope.error('SL0120', word, { word: 'settings' }, 'Write `settings { threads 4 }`');
    const lines = (section.block?.statements ?? []).filter(({ isBroken }) => !isBroken);
    // Where secrets are comes first, as other settings may need one.
    for (const statement of lines.filter(saysSecrets)) settings = readLine(scope, statement, settings, said);
    for (const statement of lines) if (!saysSecrets(statement)) settings = readLine(scope, statement, settings, said);
  }
  return settings;
}

function saysSecrets(statement: Statement): boolean {
  return new Reader(statement.head.phrases[0]!).isWord('secrets');
}

function readLine(scope: Scope, statement: Statement, settings: SettingsPlan, said: Map<string, Span>): SettingsPlan {
  const reader = new Reader(statement.head.phrases[0]!);
  const item = reader.peek();
  expectSetting(scope, 'settings', reader);
  if (item === undefined) return settings;
  const found = findSetting('settings', reader);
  if (found === null) {
    unknown(scope, reader);
    return settings;
  }
  const line = readSetting(scope, statement, found.value, found.length);
  if (line === null) return settings;
  if (line.component !== null) return withSource(scope, settings, line.component.use, line.span);
  const before = said.get(found.value.name);
  if (before !== undefined) {
    scope.error('SL0122', item, { word: found.value.name, line: scope.place(before).line });
    return settings;
  }
  said.set(found.value.name, item);
  if (found.value.name === 'threads') return { ...settings, threads: line.args.count as number };
  if (found.value.name === 'secrets') {
    scope.secretsDir = line.args.folder as string;
    return { ...settings, secretsDir: scope.secretsDir };
  }
  if (found.value.name === 'probes at most') return { ...settings, probesAtOnce: line.args.count as number };
  if (found.value.name === 'connections at most') return { ...settings, connections: line.args.count as number };
  if (found.value.name === 'test before reload') return { ...settings, testsBeforeReload: true };
  if (found.value.name === 'look up names') {
    const { servers = [], least = 1_000, most = 60_000 } = line.args;
    if ((least as number) > (most as number)) {
      scope.error('SL0663', line.spans.get('least') ?? line.span, {});
      return settings;
    }
    return {
      ...settings,
      names: { servers: servers as readonly string[], leastMs: least as number, mostMs: most as number },
    };
  }
  if (found.value.name === 'log access json') return { ...settings, accessLog: line.args.file as string };
  if (found.value.name === 'admin') {
    const admin = readAdmin(scope, line);
    return admin === null ? settings : { ...settings, admin };
  }
  return { ...settings, drainMs: line.args.time as number };
}

/** withSource adds a source of certificates; of each kind there is one. */
function withSource(scope: Scope, settings: SettingsPlan, use: ComponentUse, span: Span): SettingsPlan {
  const { certificateSources = [] } = settings;
  const before = certificateSources.find(({ name }) => name === use.name);
  if (before === undefined) return { ...settings, certificateSources: [...certificateSources, use] };
  scope.error('SL0122', span, { word: `certificates from ${use.name}`, line: before.place.line });
  return settings;
}

function unknown(scope: Scope, reader: Reader): void {
  const item = reader.peek()!;
  const word = reader.wordAt(0);
  const other = otherSection('settings', reader);
  if (word === null) scope.error('SL0112', item, { word: scope.source.text.slice(item.start, item.end) });
  else if (other !== null) scope.error('SL0403', item, { word, section: other });
  else scope.unknown('SL0101', item, word, SETTINGS.settings.names());
}
