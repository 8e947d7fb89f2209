/**
 * ListFile: the file of a list, read again while the rules run. Main thread.
 *
 * The same readers as at the start, so that what is refused there is refused here.
 */
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { DiagnosticList } from '../../diagnostics/diagnostic-list.ts';
import type { ListPlan } from '../../plan/list.ts';
import { SourceText } from '../../source/source-text.ts';
import { createVocabulary } from '../../vocabulary/vocabulary.ts';
import { Scope } from '../scope/scope.ts';
import { fileEntries } from '../values/list-entry.ts';
import { decodeFile, reasonOf, Unreadable } from './file-text.ts';

/** ListFileResult is what a file holds now, or what is wrong with it. */
export interface ListFileResult<Entries> {
  /** null when any line is wrong. */
  readonly entries: Entries | null;
  readonly diagnostics: readonly Diagnostic[];
  /** The file's text by its name, to show diagnostics with. */
  readonly sources: ReadonlyMap<string, string>;
}

/** readListFile reads the bytes of a list's file as strictly as when the rules are loaded. Never throws for bad ones. */
export function readListFile(
  { type, file }: Pick<ListPlan, 'type' | 'file'>,
  bytes: Uint8Array,
): ListFileResult<readonly string[]> {
  return readEntries(file!.name, bytes, (scope) => fileEntries(scope, type)?.map(String) ?? null);
}

/** readEntries decodes a file and hands it to a reader of entries. */
export function readEntries<Entries>(
  name: string,
  bytes: Uint8Array,
  read: (scope: Scope) => Entries | null,
): ListFileResult<Entries> {
  const diagnostics = new DiagnosticList();
  const result = (text: string, entries: Entries | null): ListFileResult<Entries> => ({
    entries,
    diagnostics: diagnostics.sorted([name]),
    sources: new Map([[name, text]]),
  });
  let text: string;
  try {
    text = decodeFile(bytes);
  } catch (error) {
    const [code, fix] = error instanceof Unreadable ? [error.code, error.fix] : ['SL0615', null];
    const nowhere = new SourceText(name, '');
    diagnostics.add(code, nowhere, { start: 0, end: 1 }, { file: name, reason: reasonOf(error) }, fix);
    return result('', null);
  }
  const source = new SourceText(name, text);
  const scope = new Scope(source, diagnostics, createVocabulary([]), {
    isWordMissing: false,
    listed: new Map(),
    env: {},
  });
  return result(text, read(scope));
}
