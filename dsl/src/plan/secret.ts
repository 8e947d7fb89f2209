/**
 * Secret: where the values of secrets are, and which of them a plan needs. Both planes; holds no value.
 */
import type { Plan } from './plan.ts';
import type { Args } from './rule.ts';

/** secretVariable is the environment's name of a secret: `api-key` is `SLUICE_SECRET_API_KEY`. */
export function secretVariable(name: string): string {
  return `SLUICE_SECRET_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

/** secretsOf are the names of all secrets that the plan needs. */
export function secretsOf(plan: Plan): ReadonlySet<string> {
  const names = new Set<string>();
  const collect = ({ args }: { readonly args: Args }): void => {
    for (const value of Object.values(args)) {
      if (typeof value !== 'object' || value === null) continue;
      if ('secret' in value) names.add(value.secret);
      else if ('template' in value) {
        for (const part of value.template) if (typeof part === 'object' && 'secret' in part) names.add(part.secret);
      }
    }
  };
  for (const { guards, changes, routes, responseChanges } of plan.listeners) {
    for (const rules of [guards, changes, routes, responseChanges]) rules.forEach(collect);
  }
  for (const { tls } of plan.listeners) if (tls !== null) collect({ args: tls.options });
  for (const { check, stick, tls } of plan.backends) {
    if (tls !== undefined) collect({ args: tls.options });
    if (check !== null) collect({ args: check.probe.options });
    if (stick !== null) collect({ args: stick.options });
  }
  for (const { options } of plan.settings.certificateSources ?? []) collect({ args: options });
  if (plan.settings.traces !== undefined) collect({ args: plan.settings.traces.options });
  if (plan.settings.adminTls !== undefined) collect({ args: plan.settings.adminTls.options });
  const token = plan.settings.admin?.token ?? null;
  if (token !== null) names.add(token);
  for (const { secret } of plan.settings.adminTokens ?? []) names.add(secret);
  return names;
}

/** withSecrets puts the values of secrets into arguments that are a secret as a whole; templates get theirs when compiled. */
export function withSecrets(args: Args, read: (name: string) => string): Args {
  if (!Object.values(args).some((value) => typeof value === 'object' && value !== null && 'secret' in value))
    return args;
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null && 'secret' in value ? read(value.secret) : value,
    ]),
  );
}
