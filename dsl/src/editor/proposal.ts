/**
 * Proposal: what the checker expects at a place, as an editor shows it. Main thread.
 */
import type { Expected, NameSpace } from '../check/scope/role.ts';
import { argDoc, keywordDoc, operatorDoc, wordDoc } from './word-docs.ts';

export type ProposalKind = 'keyword' | 'verb' | 'setting' | 'component' | 'field' | 'operator' | 'name' | 'value';

/** Proposal is something that may be written next. */
export interface Proposal {
  readonly label: string;
  readonly kind: ProposalKind;
  /** One line beside the label; empty for none. */
  readonly detail: string;
  /** Markdown; empty for none. */
  readonly doc: string;
}

/** DefinedNames knows the lines in which names are defined. */
export interface DefinedNames {
  /** lineOf is the line that defines a name, as one line of text; empty where none is known. */
  lineOf(space: NameSpace, name: string): string;
}

/** proposalOf is how something expected is shown. */
export function proposalOf(expected: Expected, names: DefinedNames): Proposal {
  const { label } = expected;
  switch (expected.kind) {
    case 'keyword':
      return { label, kind: 'keyword', detail: '', doc: keywordDoc(label, expected.doc) };
    case 'word': {
      const { role } = expected;
      return { label, kind: role.kind, detail: firstSentence(role.word.doc), doc: wordDoc(role) };
    }
    case 'label':
      return { label, kind: 'keyword', detail: '', doc: argDoc(expected.arg) };
    case 'operator':
      return { label, kind: 'operator', detail: '', doc: operatorDoc(label) };
    case 'name':
      return { label, kind: 'name', detail: names.lineOf(expected.space, label), doc: '' };
    case 'value': {
      const { doc, arg, detail } = expected;
      return { label, kind: 'value', detail, doc: doc === '' && arg !== null ? argDoc(arg) : doc };
    }
  }
}

function firstSentence(doc: string): string {
  return doc.split(/[.;:](?:\s|$)/, 1)[0]!;
}
