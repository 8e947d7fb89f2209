/**
 * Settings: the rows of all settings, by section and name. Main thread.
 */

import { PhraseTable } from '../../vocabulary/phrase-table.ts';
import type { SectionKind, SettingWord } from '../../vocabulary/setting-word.ts';
import type { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import { BACKEND_SETTINGS } from './backend/index.ts';
import { GATEWAY_SETTINGS } from './gateway/index.ts';
import { LISTENER_SETTINGS } from './listener/index.ts';

export const SETTING_WORDS: readonly SettingWord[] = [...LISTENER_SETTINGS, ...BACKEND_SETTINGS, ...GATEWAY_SETTINGS];

/** SETTINGS are the settings by section and name. */
export const SETTINGS = {
  listener: tableOf(LISTENER_SETTINGS),
  backend: tableOf(BACKEND_SETTINGS),
  settings: tableOf(GATEWAY_SETTINGS),
};

function tableOf<T extends SettingWord>(rows: readonly T[]): PhraseTable<T> {
  const table = new PhraseTable<T>();
  for (const row of rows) table.set(row.name, row);
  return table;
}

/** findSetting looks for a setting of the section at the head of a line. */
export function findSetting<S extends SectionKind>(
  section: S,
  reader: Reader,
): ReturnType<(typeof SETTINGS)[S]['match']> {
  return SETTINGS[section].match(reader.wordAt, 0) as ReturnType<(typeof SETTINGS)[S]['match']>;
}

/** expectSetting notes for an editor that a setting of the section may stand at the head of a line. */
export function expectSetting(
  scope: Scope,
  section: SectionKind,
  reader: Reader,
  isHere: (setting: SettingWord) => boolean = () => true,
): void {
  const hasKind = ({ slot }: SettingWord): boolean => slot === undefined || scope.vocabulary.components(slot).size > 0;
  const table: PhraseTable<SettingWord> = SETTINGS[section];
  scope.reading?.words(reader, table, 'setting', (setting) => hasKind(setting) && isHere(setting));
}

/** otherSection is the section in which a line would be right, or null. */
export function otherSection(section: SectionKind, reader: Reader): SectionKind | null {
  const sections: readonly SectionKind[] = ['listener', 'backend', 'settings'];
  return sections.find((other) => other !== section && findSetting(other, reader) !== null) ?? null;
}
