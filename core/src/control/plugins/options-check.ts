/**
 * OptionsCheck: holds options against a plugin's JSON Schema and fills in its defaults. Main thread.
 *
 * Problems quote the option and its value, except where the schema says `writeOnly`: those are secrets.
 */
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';

type Options = Readonly<Record<string, unknown>>;

export type OptionsResult =
  | { readonly isValid: true; readonly options: Options }
  | { readonly isValid: false; readonly problem: string };

/** Loaded with the first schema: most rule files use nothing that has one, and wait for nothing then. */
let loaded: Promise<Ajv> | null = null;
const compiled = new WeakMap<object, ValidateFunction>();

async function loadAjv(): Promise<Ajv> {
  const ajv = await import('ajv');
  return new ajv.Ajv({ useDefaults: true, verbose: true, allErrors: true, allowUnionTypes: true });
}

/** compileSchema turns a schema into a check. Rejects with what ajv throws when it is not a schema. */
export async function compileSchema(schema: object): Promise<ValidateFunction> {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    loaded ??= loadAjv();
    validate = (await loaded).compile(schema);
    compiled.set(schema, validate);
  }
  return validate;
}

/**
 * checkOptions returns the options with their defaults, frozen, or the first problem in words. Without a schema none are
 * taken.
 */
export async function checkOptions(schema: object | undefined, options: Options): Promise<OptionsResult> {
  if (schema === undefined) {
    const [name] = Object.keys(options);
    if (name === undefined) return { isValid: true, options: Object.freeze({}) };
    return { isValid: false, problem: `there is no option \`${name}\`: it takes none` };
  }
  const validate = await compileSchema(schema);
  const filled = structuredClone(options) as Record<string, unknown>;
  if (validate(filled)) return { isValid: true, options: freeze(filled) };
  return { isValid: false, problem: describe(validate.errors![0]!) };
}

function describe(error: ErrorObject): string {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  const parent = error.parentSchema as { properties?: object; writeOnly?: boolean } | undefined;
  switch (error.keyword) {
    case 'additionalProperties': {
      const known = Object.keys(parent?.properties ?? {});
      const takes = known.length === 0 ? 'it takes none' : `it takes ${known.map((name) => `\`${name}\``).join(', ')}`;
      return `there is no option \`${join(path, error.params.additionalProperty)}\`: ${takes}`;
    }
    case 'required':
      return `option \`${join(path, error.params.missingProperty)}\` is missing`;
    case 'enum': {
      const choices = (error.params.allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(', ');
      return `option \`${path}\` is ${quote(error, parent)}, but must be one of ${choices}`;
    }
    default:
      return path === ''
        ? `the options ${error.message ?? 'are wrong'}`
        : `option \`${path}\` is ${quote(error, parent)}, but ${error.message ?? 'that is wrong'}`;
  }
}

function quote(error: ErrorObject, parent: { writeOnly?: boolean } | undefined): string {
  return parent?.writeOnly === true ? 'a secret' : JSON.stringify(error.data);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function freeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}
