/**
 * OutsideValue: `env "NAME"` and `secret "NAME"` in place of a text: values that stand elsewhere. Main thread.
 *
 * They are put in after everything is parsed, so nothing in them means anything to the language. A variable becomes a text
 * of the plan; a secret stays a name, and its value is handed to those who link the plan, apart from it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '../../diagnostics/suggestion.ts';
import type { ArgValue } from '../../plan/rule.ts';
import { secretVariable } from '../../plan/secret.ts';
import type { BaseArg } from '../../vocabulary/setting-word.ts';
import type { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import { isName } from './literals.ts';

/** isOutside says whether a value from elsewhere comes next. A bare `env` or `secret` without a string behind it is a text. */
export function isOutside(reader: Reader, { type }: BaseArg): boolean {
  if (type !== 'text' && type !== 'template') return false;
  const word = reader.wordAt(reader.at);
  return (word === 'env' || word === 'secret') && reader.items[reader.at + 1]?.kind === 'text';
}

/**
 * refuseOutside reports a value from elsewhere where none may stand, and steps over it. A number, a path or a condition is checked as it is
 * written, and rules are indexed by it, so that it has to stand in the file.
 */
export function refuseOutside(scope: Scope, reader: Reader): boolean {
  const word = reader.wordAt(reader.at);
  const name = reader.items[reader.at + 1];
  if ((word !== 'env' && word !== 'secret') || name?.kind !== 'text') return false;
  const { start } = reader.peek()!;
  scope.error('SL0671', { start, end: name.end }, { word });
  reader.at += 2;
  return true;
}

/** readOutside reads it, or reports and returns undefined. */
export function readOutside(scope: Scope, reader: Reader, { type }: BaseArg): ArgValue | undefined {
  const isSecret = reader.isWord('secret');
  reader.at++;
  const item = reader.value()!;
  const name = item.value;
  // An editor's environment is not the gateway's.
  if (scope.reading !== null) return type === 'template' ? { template: [] } : '';
  const fail = (code: string, values: Record<string, string>, fix?: string | null): undefined => {
    scope.error(code, item, values, fix);
    return undefined;
  };
  if (isSecret) {
    if (!scope.mayHoldSecrets) return fail('SL0633', {});
    if (!isName(name)) return fail('SL0704', { value: name });
    const place = secretPlace(scope, name);
    if (place !== null) return fail('SL0632', { name, place });
    return type === 'template' ? { template: [{ secret: name }] } : { secret: name };
  }
  const value = Object.hasOwn(scope.env, name) ? scope.env[name] : undefined;
  if (value === undefined) {
    return fail('SL0630', { name }, didYouMean(name, Object.keys(scope.env), `Set it before the gateway is started`));
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) return fail('SL0631', { name });
  return type === 'template' ? { template: value === '' ? [] : [value] } : value;
}

/** secretPlace is where a secret was looked for in vain; null: it is there. */
function secretPlace({ env, secretsDir }: Scope, name: string): string | null {
  if (secretsDir !== null) return existsSync(join(secretsDir, name)) ? null : `no file \`${name}\` in ${secretsDir}`;
  const variable = secretVariable(name);
  return Object.hasOwn(env, variable) && env[variable] !== undefined ? null : `no \`${variable}\` in the environment`;
}
