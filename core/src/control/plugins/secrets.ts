/**
 * Secrets: reads the values of the secrets that a plan names. Main thread.
 *
 * Values go to whoever links the plan and nowhere else: not into the plan, a message, a log or an explanation.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Plan, secretsOf, secretVariable } from '@sluice/dsl/plan';
import { GatewayError, reasonOf } from '../report/errors.ts';

/** SecretValues are secrets by name. */
export type SecretValues = Readonly<Record<string, string>>;

/** readSecrets rejects with SG0203 for one that is not there, is empty, or has more than one line. */
export async function readSecrets(plan: Plan, env: NodeJS.ProcessEnv = process.env): Promise<SecretValues> {
  const { secretsDir } = plan.settings;
  const values: [string, string][] = [];
  for (const name of secretsOf(plan)) {
    const text = secretsDir === null ? env[secretVariable(name)] : await readSecret(join(secretsDir, name), name);
    const value = text?.replace(/\r?\n$/, '');
    if (value === undefined) throw refused(name, `the environment has no \`${secretVariable(name)}\``);
    if (value === '') throw refused(name, 'it is empty');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) throw refused(name, 'it has more than one line');
    values.push([name, value]);
  }
  return Object.fromEntries(values);
}

async function readSecret(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw refused(name, reasonOf(cause));
  }
}

function refused(name: string, reason: string): GatewayError {
  return new GatewayError('SG0203', { name, reason });
}

/** maskedSecret stands for a secret's value wherever people look. */
export function maskedSecret(name: string): string {
  return `<secret ${name}>`;
}
