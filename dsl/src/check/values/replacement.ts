/**
 * Replacement: a template that takes the place of what a pattern matched. Main thread.
 */
import { splitGroups } from '../../match/template/replacement.ts';
import type { ArgValue, Template } from '../../plan/rule.ts';
import type { Span } from '../../source/source-text.ts';
import type { Scope } from '../scope/scope.ts';
import { groupCount } from './regex.ts';

/** checkReplacement reports groups that the expression does not have, and what would make no path. */
export function checkReplacement(scope: Scope, span: Span, { template }: Template, pattern: ArgValue): boolean {
  const value = scope.source.text.slice(span.start, span.end);
  const [first] = template;
  for (const part of template) {
    if (typeof part !== 'string') continue;
    const character = /[?#]/.exec(part)?.[0];
    if (character !== undefined) return scope.error('SL0641', span, { value, character }) ?? false;
  }
  if (typeof pattern === 'string') {
    if (typeof first === 'string' && first.startsWith('/')) return true;
    return scope.error('SL0604', span, { value }, `Write \`/${value.replace(/^"/, '').replace(/"$/, '')}\``) ?? false;
  }
  const count = groupCount((pattern as { readonly regex: string }).regex);
  for (const part of template) {
    if (typeof part !== 'string') continue;
    const group = splitGroups(part).find((piece) => typeof piece === 'number' && piece > count);
    if (group !== undefined) return scope.error('SL0640', span, { group: `$${group}`, count }) ?? false;
  }
  return true;
}
