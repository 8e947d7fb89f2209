/**
 * Hover: what a word of a rule file means, as Markdown. Main thread.
 */
import type { Span } from '../source/source-text.ts';
import type { Role } from './role.ts';
import { isSameName, type RuleDocument, type RuleProject } from './rule-document.ts';
import { argDoc, componentDoc, fieldDoc, keywordDoc, settingDoc, verbDoc } from './word-docs.ts';

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
    case 'operator':
      return keywordDoc(role.word);
    case 'verb':
      return verbDoc(role.word);
    case 'setting':
      return settingDoc(role.word);
    case 'component':
      return componentDoc(role.word);
    case 'field':
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
