export { type BaseArg, SETTING_WORDS, type SectionKind, type SettingWord } from './base-words.ts';
export { createVocabulary, type OwnedWord, Vocabulary, VocabularyError } from './vocabulary.ts';
export type * from './word.ts';
