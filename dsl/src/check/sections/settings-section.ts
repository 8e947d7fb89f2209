/**
 * SettingsSection: `settings { … }` to the plan's settings. Main thread.
 */
import type { SettingsPlan } from '../../plan/plan.ts';
import type { SourceText } from '../../source/source-text.ts';
import type { Statement } from '../../syntax/tree.ts';
import { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import { planOf, type SettingsDraft } from '../settings/draft.ts';
import { newSettingsDraft } from '../settings/gateway/index.ts';
import { SectionSettings } from '../settings/section-settings.ts';
import { readSetting } from '../settings/setting-line.ts';
import { expectSetting, findSetting, otherSection, SETTINGS } from '../settings/settings.ts';

/** SettingsSection is a `settings { … }` and the file it stands in. */
export interface SettingsSection {
  readonly statement: Statement;
  readonly source: SourceText;
}

/** checkSettings reads all `settings` sections of the rules; more than one is an error. */
export function checkSettings(scope: Scope, sections: readonly SettingsSection[]): SettingsPlan {
  const settings = new SectionSettings(scope, newSettingsDraft(), { name: '', addresses: null });
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
    for (const statement of lines.filter(isFirst)) readLine(scope, statement, settings);
    for (const statement of lines) if (!isFirst(statement)) readLine(scope, statement, settings);
  }
  settings.complete();
  return planOf<SettingsPlan>(settings.draft);
}

function isFirst(statement: Statement): boolean {
  return findSetting('settings', new Reader(statement.head.phrases[0]!))?.value.isFirst === true;
}

function readLine(scope: Scope, statement: Statement, settings: SectionSettings<SettingsDraft>): void {
  const reader = new Reader(statement.head.phrases[0]!);
  const item = reader.peek();
  expectSetting(scope, 'settings', reader);
  if (item === undefined) return;
  const found = findSetting('settings', reader);
  if (found === null) {
    unknown(scope, reader);
    return;
  }
  const line = readSetting(scope, statement, found.value, found.length);
  if (line !== null) settings.add(found.value, line, item);
}

function unknown(scope: Scope, reader: Reader): void {
  const item = reader.peek()!;
  const word = reader.wordAt(0);
  const other = otherSection('settings', reader);
  if (word === null) scope.error('SL0112', item, { word: scope.source.text.slice(item.start, item.end) });
  else if (other !== null) scope.error('SL0403', item, { word, section: other });
  else scope.unknown('SL0101', item, word, SETTINGS.settings.names());
}
