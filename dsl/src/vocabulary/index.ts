export type { BaseArg, SectionKind, SettingWord } from './setting-word.ts';
export { createVocabulary, type OwnedWord, Vocabulary, VocabularyError } from './vocabulary.ts';
export type * from './word.ts';
