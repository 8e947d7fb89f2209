/**
 * Marked: rule files in which `<|>` stands for the cursor, for the tests of the editor.
 */
import assert from 'node:assert/strict';
import { completeAt, RuleDocument, RuleProject } from '../../src/editor/index.ts';
import { createVocabulary } from '../../src/vocabulary/index.ts';
import { WORDS } from '../words.ts';

const MARK = '<|>';

export interface Marked {
  readonly project: RuleProject;
  readonly document: RuleDocument;
  readonly offset: number;
}

/** marked reads a text with one cursor in it; `more` are the other files of the project. */
export function marked(text: string, more: Readonly<Record<string, string>> = {}): Marked {
  const offset = text.indexOf(MARK);
  assert.ok(offset >= 0, 'no cursor');
  const document = new RuleDocument('test.sluice', text.replace(MARK, ''));
  const others = Object.entries(more).map(([file, content]) => new RuleDocument(file, content));
  return { project: new RuleProject(createVocabulary(WORDS), [document, ...others]), document, offset };
}

/** proposed gives what may come at the cursor. */
export function proposed(text: string): string[] {
  const { project, document, offset } = marked(text);
  return completeAt(project, document, offset).proposals.map(({ label }) => label);
}

/** inListener puts lines into a listener, with two backends, a definition, a list and a map beside it. */
export function inListener(lines: string): string {
  return `define admin = path under /admin
list office = ips 203.0.113.0/24
map tenants = host to backend from "tenants.map" else app
listener web on :8080 {
${lines}
}
backend app { server web1 127.0.0.1:9001 }
backend api of 127.0.0.1:9002
`;
}
