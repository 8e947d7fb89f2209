/**
 * CheckedEntry: a plugin's data entry whose functions are held to what the API asks of them. Both planes; the functions in it
 * run on the hot path.
 *
 * Everything that calls plugins' functions (data threads, `explain`, `replay`, `lint`, simulations) gets them from here, so that a
 * wrong value is the same failure everywhere.
 */
import { checkedReader, describeValue, type FieldReader, isPromise, wrongValue } from '@sluice/dsl/match';
import type { ComponentSlot, RulePart } from '@sluice/dsl/plan';
import type { FieldWord, VerbWord } from '@sluice/dsl/vocabulary';
import type {
  Action,
  CertificateProofsFactory,
  DataEntry,
  ErrorAnswerFactory,
  VerbFactory,
} from '../../plugin/data-entry.ts';
import { checkAnswer } from './answer-check.ts';

/** DeclaredEntry is what a plugin's manifest says that its data entry holds. */
export interface DeclaredEntry {
  readonly plugin: string;
  readonly words: readonly (FieldWord | VerbWord)[];
  /** Components whose functions stand in the data entry. Default: none. */
  readonly components?: readonly { readonly slot: ComponentSlot; readonly name: string }[];
}

type Section = keyof DataEntry;

/** Where the data entry holds what a slot needs; slots that are not here need nothing of it. */
export const ENTRY_SECTIONS: Readonly<Partial<Record<ComponentSlot, Section>>> = {
  balance: 'balancers',
  stick: 'stickiness',
  tls: 'tlsModes',
  'server tls': 'serverTls',
  serve: 'services',
  answer: 'errorAnswers',
  traces: 'traceExporters',
};

const SECTIONS: readonly Section[] = [
  'fields',
  'verbs',
  'balancers',
  'stickiness',
  'tlsModes',
  'certificateProofs',
  'serverTls',
  'services',
  'errorAnswers',
  'traceExporters',
];

/**
 * checkedEntry returns a data entry with checked functions. Throws Error, which names the plugin, when a function is missing that
 * the manifest declares, or when what is there is no function.
 */
export function checkedEntry(declared: DeclaredEntry, module: DataEntry): DataEntry {
  const { plugin, words, components = [] } = declared;
  const exported = Object.keys(module);
  const entry: { [name in Section]?: Record<string, unknown> } = {};
  for (const section of SECTIONS) {
    const functions: unknown = module[section];
    if (functions === undefined) continue;
    if (typeof functions !== 'object' || functions === null) {
      throw wrongEntry(
        plugin,
        `exports \`${section}\` as ${describeValue(functions)}, expected an object of functions`,
      );
    }
    for (const [name, made] of Object.entries(functions)) {
      if (typeof made === 'function') continue;
      throw wrongEntry(plugin, `has ${describeValue(made)} in \`${section}\` for \`${name}\`, expected a function`);
    }
    entry[section] = { ...functions };
  }
  const need = (section: Section, what: string, name: string): void => {
    if (entry[section] !== undefined && Object.hasOwn(entry[section], name)) return;
    const there = Object.keys(entry[section] ?? {});
    const known =
      entry[section] === undefined ? `exports: ${listed(exported)}` : `\`${section}\` has: ${listed(there)}`;
    throw wrongEntry(
      plugin,
      `has no \`${section}\` function for ${what} \`${name}\`, which its manifest declares (${known})`,
    );
  };
  for (const word of words) {
    need(word.kind === 'field' ? 'fields' : 'verbs', word.kind, word.name);
    if (word.kind === 'field') {
      entry.fields![word.name] = checkedReader(word.type, entry.fields![word.name] as FieldReader);
    }
  }
  const verbs = new Map(words.flatMap((word) => (word.kind === 'verb' ? [[word.name, word] as const] : [])));
  for (const [name, factory] of Object.entries(entry.verbs ?? {})) {
    entry.verbs![name] = checkedVerb(verbs.get(name), factory as VerbFactory);
  }
  for (const { slot, name } of components) {
    const section = ENTRY_SECTIONS[slot];
    if (section !== undefined) need(section, slot, name);
  }
  wrapAll(entry.errorAnswers, checkedErrorAnswers);
  wrapAll(entry.certificateProofs, checkedProofs);
  return entry as DataEntry;
}

function wrongEntry(plugin: string, problem: string): Error {
  return new Error(`plugin \`${plugin}\`: its data entry ${problem}`);
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.map((name) => `\`${name}\``).join(', ');
}

function wrapAll<Made>(functions: Record<string, unknown> | undefined, wrap: (made: Made) => Made): void {
  for (const [name, made] of Object.entries(functions ?? {})) functions![name] = wrap(made as Made);
}

const KINDS: Readonly<Record<RulePart, readonly Action['kind'][]>> = {
  guard: ['pass', 'answer', 'check'],
  change: ['change', 'request change'],
  route: ['route', 'answer'],
};

/** checkedVerb: an action of a kind that its part does not know would be passed over, and a guard so would let everybody in. */
function checkedVerb(word: VerbWord | undefined, factory: VerbFactory): VerbFactory {
  const parts = word === undefined ? [] : [word.part, ...(word.alsoIn ?? [])];
  const kinds = [...new Set(Object.values(KINDS).flat())]
    .filter((kind) => parts.every((part) => KINDS[part].includes(kind)))
    .filter((kind) => word?.isForAnswers !== true || kind !== 'request change');
  return (args, linker) => {
    const action: Action = factory(args, linker);
    const kind = (action as Action | null | undefined)?.kind;
    if (kind === undefined) throw wrongValue('the verb returned', action, 'an action');
    if (!kinds.includes(kind)) {
      const known = kinds.map((each) => `\`${each}\``).join(' or ');
      throw new TypeError(
        `the verb returned an action of kind \`${kind}\`, expected ${known}${parts.length === 0 ? '' : ` for a ${parts.join(' or ')}`}`,
      );
    }
    return checkedAction(action);
  };
}

function checkedAction(action: Action): Action {
  switch (action.kind) {
    case 'answer': {
      const { answer } = needsFunction(action, 'answer');
      return { kind: 'answer', answer: (facts) => checkAnswer(answer.call(action, facts)) };
    }
    case 'check': {
      const { check } = needsFunction(action, 'check');
      return {
        kind: 'check',
        check: (facts) => {
          const answer = check.call(action, facts);
          return answer === null ? null : checkAnswer(answer);
        },
      };
    }
    case 'change': {
      const { change } = needsFunction(action, 'change');
      return { kind: 'change', change: (facts, fields) => needsNoPromise(change.call(action, facts, fields)) };
    }
    case 'request change': {
      const { change } = needsFunction(action, 'change');
      return {
        kind: 'request change',
        change: (facts, request) => needsNoPromise(change.call(action, facts, request)),
      };
    }
    case 'route':
      return needsFunction(action, 'route');
    default:
      return action;
  }
}

function needsFunction<Kind extends Action>(action: Kind, name: keyof Kind & string): Kind {
  if (typeof action[name] === 'function') return action;
  throw new TypeError(
    `the verb returned an action of kind \`${action.kind}\` whose \`${name}\` is ${describeValue(action[name])}, expected a function`,
  );
}

/** A change that is made later would be made to nothing. */
function needsNoPromise(returned: unknown): void {
  if (isPromise(returned)) throw wrongValue('the change returned', returned, '');
}

function checkedErrorAnswers(factory: ErrorAnswerFactory): ErrorAnswerFactory {
  return (options) => {
    const make = factory(options);
    return (status) => {
      const answer = checkAnswer(make(status));
      if (answer.status === status) return answer;
      throw new TypeError(`the answer to ${status} has the status ${answer.status}`);
    };
  };
}

function checkedProofs(factory: CertificateProofsFactory): CertificateProofsFactory {
  return (host) => {
    const proofs = factory(host);
    return {
      path: proofs.path,
      protocol: proofs.protocol,
      isExpecting: () => proofs.isExpecting(),
      answer: (facts) => {
        const answer = proofs.answer(facts);
        return answer === null ? null : checkAnswer(answer);
      },
      certificate: (name) => {
        const certificate = proofs.certificate(name);
        if (certificate === null || typeof certificate === 'string') return certificate;
        throw wrongValue('the certificate is', certificate, 'PEM text or null');
      },
    };
  };
}
