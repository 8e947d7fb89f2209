/**
 * ManifestShape: what may stand in a manifest, key by key. Main thread.
 *
 * Written by hand, not as a JSON Schema: every start would have to compile one, and messages should name the place and the key that was
 * most likely meant.
 */
import { closest } from '@sluice/dsl';
import { describeValue } from '@sluice/dsl/match';
import type { ComponentSlot, Operator, RulePart, ValueType } from '@sluice/dsl/plan';
import type { ArgType, ArgWord, FieldWord, IndexKind, Phase, VerbWord } from '@sluice/dsl/vocabulary';
import type { Component, PluginManifest } from '../../plugin/manifest.ts';

/** Shape checks a value that stands `at` a place, such as `words[0].operators`, and adds what is wrong. */
type Shape = (value: unknown, at: string, problems: string[]) => void;

/** namesOf: a record, so that the compiler says when one is missing. */
function namesOf<Name extends string>(names: Readonly<Record<Name, true>>): readonly Name[] {
  return Object.keys(names) as Name[];
}

const PHASES = namesOf<Phase>({ connection: true, request: true, response: true, ended: true });
const PARTS = namesOf<RulePart>({ guard: true, change: true, route: true });
const OPERATORS = namesOf<Exclude<Operator, 'present' | 'absent'>>({
  is: true,
  in: true,
  under: true,
  starts: true,
  ends: true,
  contains: true,
  like: true,
  matches: true,
  over: true,
  below: true,
  between: true,
});
const TYPES: Readonly<Record<ValueType, readonly Operator[]>> = {
  ip: ['is', 'in'],
  number: ['is', 'in', 'over', 'below', 'between'],
  text: OPERATORS,
};
const INDEXES = namesOf<IndexKind>({ ip: true, text: true, host: true, path: true, number: true, none: true });
const ARG_TYPES = namesOf<ArgType>({
  name: true,
  text: true,
  number: true,
  status: true,
  statuses: true,
  duration: true,
  size: true,
  rate: true,
  percent: true,
  prefix: true,
  port: true,
  cidrs: true,
  template: true,
  header: true,
  cookie: true,
  backend: true,
  path: true,
  method: true,
  file: true,
  files: true,
  names: true,
  regex: true,
  pattern: true,
  key: true,
  networks: true,
  map: true,
  field: true,
  flag: true,
});
const SLOTS = namesOf<ComponentSlot>({
  balance: true,
  stick: true,
  check: true,
  discovery: true,
  tls: true,
  'server tls': true,
  certificate: true,
  certificates: true,
  answer: true,
  serve: true,
  traces: true,
});
const SOURCES = namesOf<NonNullable<FieldWord['knownFrom']>>({ hello: true, handshake: true, proxy: true });

function kindOf(kind: 'boolean' | 'function' | 'number', name: string): Shape {
  return (value, at, problems) => {
    if (typeof value !== kind) problems.push(`${at} is ${describeValue(value)}, expected ${name}`);
  };
}

const flag = kindOf('boolean', 'true or false');
const call = kindOf('function', 'a function');
const number = kindOf('number', 'a number');

const text: Shape = (value, at, problems) => {
  if (typeof value !== 'string' || value === '') {
    problems.push(`${at} is ${value === '' ? 'empty' : describeValue(value)}, expected text`);
  }
};

/** What rule files can say: a word, or several. */
const phrase: Shape = (value, at, problems) => {
  if (typeof value !== 'string') return text(value, at, problems);
  if (!/^[a-z][a-z0-9-]*( [a-z0-9][a-z0-9-]*)*$/.test(value)) {
    problems.push(`${at} is ${quoted(value)}, expected words of lower-case letters, digits and \`-\``);
  }
};

const anything: Shape = () => {};

const object: Shape = (value, at, problems) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`${at} is ${describeValue(value)}, expected an object`);
  }
};

function oneOf(choices: readonly string[]): Shape {
  return (value, at, problems) => {
    if (typeof value === 'string' && choices.includes(value)) return;
    const near = typeof value === 'string' ? closest(value, choices) : null;
    const fix = near === null ? `one of ${choices.map(quoted).join(', ')}` : `did you mean ${quoted(near)}?`;
    const what = typeof value === 'string' ? quoted(value) : describeValue(value);
    problems.push(near === null ? `${at} is ${what}, expected ${fix}` : `${at} is ${what}: ${fix}`);
  };
}

function listOf(shape: Shape): Shape {
  return (value, at, problems) => {
    if (!Array.isArray(value)) problems.push(`${at} is ${describeValue(value)}, expected a list`);
    else for (const [index, each] of value.entries()) shape(each, `${at}[${index}]`, problems);
  };
}

/** objectOf has a shape for each key that the type has; `needed` must be there, and keys that are not known are problems. */
function objectOf<Value extends object>(
  needed: readonly (keyof Value & string)[],
  keys: { readonly [Key in keyof Value]-?: Shape },
): Shape {
  const shapes = new Map(Object.entries<Shape>(keys));
  return (value, at, problems) => {
    const before = problems.length;
    object(value, at === '' ? 'the manifest' : at, problems);
    if (problems.length > before) return;
    const inside = at === '' ? '' : `${at}.`;
    const entries = Object.entries(value as object).filter(([, each]) => each !== undefined);
    for (const [key, each] of entries) {
      const shape = shapes.get(key);
      if (shape !== undefined) shape(each, `${inside}${key}`, problems);
      else {
        const near = closest(key, shapes.keys());
        const known = near === null ? `known are ${[...shapes.keys()].join(', ')}` : `did you mean \`${near}\`?`;
        problems.push(`there is no \`${inside}${key}\`: ${known}`);
      }
    }
    const there = new Set(entries.map(([key]) => key));
    for (const key of needed) if (!there.has(key)) problems.push(`\`${inside}${key}\` is missing`);
  };
}

function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

const arg = objectOf<ArgWord>(['name', 'type', 'doc'], {
  ...{ name: text, type: oneOf(ARG_TYPES), doc: text, before: text, behind: text, isOptional: flag },
  ...{ except: listOf(text), needs: text, isPartial: flag, default: anything, choices: listOf(anything) },
  ...{ min: number, max: number, replaces: text, takesNetworks: flag },
});

const said = { kind: text, name: phrase, doc: text, example: text };

const field = objectOf<FieldWord>(
  ['kind', 'name', 'doc', 'example', 'phase', 'type', 'operators', 'defaultOperator', 'index'],
  {
    ...said,
    ...{ phase: oneOf(PHASES), type: oneOf(Object.keys(TYPES)), operators: listOf(oneOf(OPERATORS)) },
    defaultOperator: (value, at, problems) => (value === null ? undefined : oneOf(OPERATORS)(value, at, problems)),
    key: objectOf<NonNullable<FieldWord['key']>>(['placeholder', 'ignoresCase'], {
      placeholder: text,
      ignoresCase: flag,
    }),
    ...{ ignoresCase: flag, isOptional: flag, isMany: flag, values: listOf(text), isOpen: flag },
    ...{ knownFrom: oneOf(SOURCES), unit: oneOf(['duration']), onResponse: text, index: oneOf(INDEXES) },
  },
);

const verb = objectOf<VerbWord>(['kind', 'name', 'doc', 'example', 'part', 'phase', 'args'], {
  ...said,
  ...{ part: oneOf(PARTS), alsoIn: listOf(oneOf(PARTS)), phase: oneOf(PHASES), isPartial: flag },
  ...{ isForAnswers: flag, takesCondition: flag, args: listOf(arg) },
});

const component = objectOf<Component>(['kind', 'slot', 'name', 'doc', 'example', 'args'], {
  ...said,
  slot: oneOf(SLOTS),
  ...{ isDefault: flag, needsRequest: flag, ownCookie: listOf(text), args: listOf(arg), options: object },
  ...{ hasTable: flag, check: object, discovery: object, certificateSource: object, kept: call, shown: call },
  ...{ serverTls: call, validate: call, files: call },
});

const word: Shape = (value, at, problems) => {
  const kind = (value as { kind?: unknown } | null)?.kind;
  if (kind === 'verb') return verb(value, at, problems);
  if (kind === 'field') return fieldWord(value, at, problems);
  object(value, at, problems);
  if (typeof value === 'object' && value !== null) oneOf(['field', 'verb'])(kind, `${at}.kind`, problems);
};

const fieldWord: Shape = (value, at, problems) => {
  const before = problems.length;
  field(value, at, problems);
  if (problems.length > before) return;
  const { type, operators, defaultOperator } = value as FieldWord;
  for (const operator of operators) {
    if (TYPES[type].includes(operator)) continue;
    problems.push(`${at}.operators has "${operator}", which does not compare a field of type ${type}`);
  }
  if (defaultOperator !== null && !operators.includes(defaultOperator)) {
    problems.push(`${at}.defaultOperator is "${defaultOperator}", which is not among its operators`);
  }
};

const componentWord: Shape = (value, at, problems) => {
  component(value, at, problems);
  const kind = (value as { kind?: unknown } | null)?.kind;
  if (kind !== undefined && kind !== 'component') oneOf(['component'])(kind, `${at}.kind`, problems);
};

const manifestShape = objectOf<PluginManifest>(['name', 'apiVersion'], {
  ...{ name: text, apiVersion: number, options: object, words: listOf(word) },
  ...{ components: listOf(componentWord), data: text, start: call, stop: call },
});

/** manifestProblems are all that is wrong with the shape of a manifest, each with its place. */
export function manifestProblems(manifest: unknown): readonly string[] {
  const problems: string[] = [];
  manifestShape(manifest, '', problems);
  return problems;
}
