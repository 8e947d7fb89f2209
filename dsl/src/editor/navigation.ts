/**
 * Navigation: where a name is given, where it is used, and giving it another. Main thread.
 */

import type { NameRole } from '../check/scope/role.ts';
import { isName } from '../check/values/literals.ts';
import type { Span } from '../source/source-text.ts';
import { isSameName, type NameUse, type RuleDocument, type RuleProject } from './rule-document.ts';

/** FileSpan is a piece of a file. */
export interface FileSpan extends Span {
  readonly file: string;
}

/** definitionAt returns where the name under an offset is given; null for what is no name, or given nowhere. */
export function definitionAt(project: RuleProject, document: RuleDocument, offset: number): FileSpan | null {
  const name = project.nameAt(document, offset);
  if (name === null) return null;
  return spanOf(project.definitions().find(({ role }) => isSameName(role, name.role)));
}

/** referencesAt returns all places of the name under an offset, with or without the one that gives it. */
export function referencesAt(
  project: RuleProject,
  document: RuleDocument,
  offset: number,
  withDefinition: boolean,
): readonly FileSpan[] {
  const name = project.nameAt(document, offset);
  if (name === null) return [];
  return usesOf(project, name.role).filter(({ role }) => withDefinition || !role.isDefinition);
}

/** renameableAt returns the span of the name under an offset if it can be renamed, else null. */
export function renameableAt(project: RuleProject, document: RuleDocument, offset: number): Span | null {
  const name = project.nameAt(document, offset);
  if (name === null || !project.definitions().some(({ role }) => isSameName(role, name.role))) return null;
  return { start: name.start, end: name.end };
}

/** RenameError says in one line why a name cannot be taken. */
export class RenameError extends Error {
  override readonly name = 'RenameError';
}

/** renameAt returns every place that must be written again. Throws RenameError. */
export function renameAt(
  project: RuleProject,
  document: RuleDocument,
  offset: number,
  to: string,
): readonly FileSpan[] {
  const name = project.nameAt(document, offset);
  if (name === null || renameableAt(project, document, offset) === null) {
    throw new RenameError('this is no name that the file gives');
  }
  if (!isName(to)) throw new RenameError(`\`${to}\` is not a name: letters, digits, \`-\` and \`_\`, a letter first`);
  const { role } = name;
  const taken = project.definitions().find((other) => clash(role, other.role) && other.role.name === to);
  if (taken !== undefined && to !== role.name) throw new RenameError(`\`${to}\` is the name of a ${taken.role.space}`);
  if (isOfConditions(role) && project.vocabulary.has(to)) {
    throw new RenameError(`\`${to}\` is a word of the language`);
  }
  return usesOf(project, role);
}

/** Definitions and lists share their names, as the checker has it. */
function isOfConditions({ space }: NameRole): boolean {
  return space === 'define' || space === 'list' || space === 'map';
}

function clash(a: NameRole, b: NameRole): boolean {
  if (isOfConditions(a)) return isOfConditions(b);
  return a.space === b.space && a.within === b.within;
}

function usesOf(project: RuleProject, role: NameRole): NameUse[] {
  return project.uses().filter((use) => isSameName(use.role, role));
}

function spanOf(use: NameUse | undefined): FileSpan | null {
  return use === undefined ? null : { file: use.file, start: use.start, end: use.end };
}
