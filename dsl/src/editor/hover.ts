/**
 * Hover: what a word of a rule file means, as Markdown. Main thread.
 */

import type { Role } from '../check/scope/role.ts';
import type { Span } from '../source/source-text.ts';
import { isSameName, type RuleDocument, type RuleProject } from './rule-document.ts';
import { argDoc, fieldDoc, keywordDoc, operatorDoc, wordDoc } from './word-docs.ts';

export interface Hover {
  readonly span: Span;
  /** Markdown. */
  readonly text: string;
}

/** hoverAt returns what is to be said of the word under an offset, or null. */
export function hoverAt(project: RuleProject, document: RuleDocument, offset: number): Hover | null {
  const found = project.wordAt(document, offset);
  if (found === null || found.role === null) return null;
  const text = docOf(project, found.role);
  return text === '' ? null : { span: { start: found.word.start, end: found.word.end }, text };
}

function docOf(project: RuleProject, role: Role): string {
  switch (role.kind) {
    case 'keyword':
      return keywordDoc(role.word, role.doc);
    case 'operator':
      return operatorDoc(role.word);
    case 'verb':
    case 'setting':
    case 'component':
    case 'field':
      return wordDoc(role);
    case 'key':
    case 'value':
      return fieldDoc(role.word);
    case 'argument':
      return argDoc(role.arg);
    case 'name': {
      const given = project.definitions().find((definition) => isSameName(definition.role, role));
      if (given === undefined) return '';
      const uses = project.uses().filter((use) => isSameName(use.role, role) && !use.role.isDefinition).length;
      const used = uses === 0 ? 'not used' : `used ${uses} ${uses === 1 ? 'time' : 'times'}`;
      return `\`\`\`sluice\n${given.text}\n\`\`\`\n\n${role.space}, ${used}`;
    }
  }
}
