/**
 * LinkedPlugins: what plugins offer, made with a plan's options, as one generation calls it. Data plane; not on the hot path itself.
 *
 * Every function of a plugin is wrapped so that the heartbeat can name it should it never return.
 */
import { type FieldReader, type Readers, wrongValue } from '@sluice/dsl/match';
import { type Args, type ComponentUse, type ListenerPlan, type Place, type Rule, withSecrets } from '@sluice/dsl/plan';
import type { Action, Answer, CertificateProofs, Linker, Stickiness, TlsMode } from '../../plugin/data-entry.ts';
import type { Service } from '../../plugin/service.ts';
import type { TraceExporter } from '../../plugin/trace-exporter.ts';
import { type LogLevel, type PrepareOrder, wordKey } from '../../shared/orders/orders.ts';
import { type Watch, watchOf } from '../../shared/plugins/watched.ts';
import { StickIndex } from '../../shared/tables/shared-stick-table.ts';
import { LinkedBalancer } from '../backend/linked-balancer.ts';
import type { LiveServerPool } from '../backend/live-server-pool.ts';
import { type LinkedServerTls, linkServerTls } from '../backend/server-tls.ts';
import { ClientRefusals } from '../exchange/client-refusals.ts';
import type { BackendSticks } from '../loop/backend-sticks.ts';
import type { Loop } from '../loop/loop.ts';
import { publicFacts } from '../message/public-facts.ts';
import { LinkedExporter } from '../trace/linked-exporter.ts';
import { LinkError, type PluginFunctions } from './plugin-functions.ts';
import { watchAction } from './watched-action.ts';

export class LinkedPlugins {
  /** The fields of conditions, by name. */
  readonly readers: Readers;
  readonly #order: PrepareOrder;
  readonly #functions: PluginFunctions;
  readonly #loop: Loop;
  readonly #proofsOf = new Map<string, CertificateProofs>();
  readonly #owners = new Map<string, string>();

  constructor(order: PrepareOrder, functions: PluginFunctions, loop: Loop) {
    this.#order = order;
    this.#functions = functions;
    this.#loop = loop;
    for (const { plugin, words, components = [] } of order.entries) {
      for (const { kind, name } of words) this.#owners.set(wordKey(kind, name), plugin);
      for (const { slot, name } of components) this.#owners.set(wordKey(slot, name), plugin);
    }
    const readers = new Map<string, FieldReader>();
    for (const [name, reader] of functions.readers()) readers.set(name, this.#watchReader(name, reader));
    this.readers = readers;
  }

  /** owner is the plugin that a word is of, by `wordKey`; undefined: not known. */
  owner(word: string): string | undefined {
    return this.#owners.get(word);
  }

  /** code tells the code of a component's plugin from that of another generation. */
  code(use: ComponentUse | null | undefined): string {
    const owner = use == null ? undefined : this.#owners.get(wordKey(use.slot, use.name));
    return this.#order.entries.find(({ plugin }) => plugin === owner)?.url ?? '';
  }

  action(rule: Rule, linker: Linker): Action {
    const factory = this.#functions.find('verbs', rule.verb);
    const action = made(rule.place, rule.text, () => factory(this.#options(rule.args), linker));
    return watchAction(action, this.#watch('verb', rule.verb), rule, this.#order.plan.backends.length);
  }

  balancer(use: ComponentUse, pool: LiveServerPool): LinkedBalancer {
    const factory = this.#functions.find('balancers', use.name);
    return new LinkedBalancer(use.name, use.options, factory, pool, this.#watch('balance', use.name));
  }

  stickiness(use: ComponentUse, pool: LiveServerPool, sticks: BackendSticks): Stickiness {
    const watch = this.#watch('stick', use.name);
    const { stickClock } = this.#loop;
    const factory = this.#functions.find('stickiness', use.name);
    const stickiness = made(use.place, `stick ${use.name}`, () =>
      factory(this.#options(use.options), {
        backend: pool.backend,
        pool,
        table: {
          get: (key, ttlMs) => sticks.get(use.name, key, ttlMs),
          set: (key, slot, ttlMs) => sticks.set(use.name, key, slot, ttlMs),
        },
        processSecret: stickClock.secret,
        countRefused: () => sticks.count(StickIndex.refused),
      }),
    );
    const { ownCookie, isRenewing = false } = stickiness;
    const find = watch<Stickiness['find']>((facts, servers) => stickiness.find(publicFacts(facts), servers));
    const learn = watch<Stickiness['learn']>((facts, servers, server, setCookies) =>
      stickiness.learn(publicFacts(facts), servers, server, setCookies),
    );
    return {
      ...(ownCookie === undefined ? {} : { ownCookie }),
      isRenewing,
      find: (facts, servers) => {
        const index = find(facts, servers);
        if (Number.isInteger(index) && index >= -1 && index < servers.size) return index;
        throw wrongValue('`find` returned', index, `an index below ${servers.size} or -1`);
      },
      learn: (facts, servers, server, setCookies) => {
        const cookie: unknown = learn(facts, servers, server, setCookies);
        if (cookie === undefined || cookie === null) return '';
        if (typeof cookie !== 'string') throw wrongValue('`learn` returned', cookie, 'text');
        return cookie;
      },
    };
  }

  service(use: ComponentUse): Service {
    const factory = this.#functions.find('services', use.name);
    const service = made(use.place, `serve ${use.name}`, () => factory(use.options));
    return { answer: this.#watch('serve', use.name)((request) => service.answer(request)) };
  }

  /** The proofs of a source, made once a generation; null: it needs none. */
  #proofs(source: string): CertificateProofs | null {
    let proofs = this.#proofsOf.get(source);
    if (proofs !== undefined) return proofs;
    const watch = this.#watch('certificates', source);
    const { notices } = this.#loop;
    if (!this.#functions.has('certificateProofs', source)) return null;
    const made = this.#functions.find(
      'certificateProofs',
      source,
    )({ notice: (key) => notices.get(`${source} ${key}`), hasNotices: () => !notices.isEmpty });
    proofs = {
      path: made.path,
      protocol: made.protocol,
      isExpecting: () => made.isExpecting(),
      answer: watch((facts) => made.answer(publicFacts(facts))),
      certificate: watch((name) => made.certificate(name)),
    };
    this.#proofsOf.set(source, proofs);
    return proofs;
  }

  /** Those of the sources that these listeners have certificates of. */
  proofsFor(listeners: readonly ListenerPlan[]): readonly CertificateProofs[] {
    const sources = new Set(listeners.flatMap(({ certificates = [] }) => certificates.map(({ name }) => name)));
    return [...sources].flatMap((source) => this.#proofs(source) ?? []);
  }

  /** Any http listener may be where an authority comes. */
  proofsOnHttp(): readonly CertificateProofs[] | null {
    const asked = this.proofsFor(this.#order.plan.listeners).filter(({ path }) => path !== null);
    return asked.length === 0 ? null : asked;
  }

  tls(use: ComponentUse, plan: ListenerPlan): TlsMode {
    const { name: listener, protocol, isHttp1Only } = plan;
    const watch = this.#watch('tls', use.name);
    const factory = this.#functions.find('tlsModes', use.name);
    const refusals = new ClientRefusals(listener, this.#order.slots.listeners[listener]!, this.#loop);
    const mode = made(use.place, `tls ${use.name}`, () =>
      factory(this.#options(use.options), {
        listener,
        processSecret: this.#loop.stickClock.tlsSecret,
        proofs: this.proofsFor([plan]),
        protocols: protocol === 'tcp' ? [] : isHttp1Only === true ? ['http/1.1'] : ['h2', 'http/1.1'],
        refused: (socket, reason) => refusals.add(socket, reason),
      }),
    );
    return {
      get needsHello() {
        return mode.needsHello === true;
      },
      accept: watch((socket, hello) => mode.accept(socket, hello)),
      ...(typeof mode.refuses !== 'function'
        ? {}
        : {
            // Fails closed: who cannot be told apart is not let in.
            refuses: this.#contained(
              watch<NonNullable<TlsMode['refuses']>>((asked) => mode.refuses!(asked) !== false),
              use.name,
              'whether it lets a name in',
              true,
            ),
          }),
      ...(mode.facts === undefined
        ? {}
        : {
            facts: this.#contained(
              watch<NonNullable<TlsMode['facts']>>((stream) => mode.facts!(stream)),
              use.name,
              'what it knows of a connection',
              null,
            ),
          }),
    };
  }

  /** contained is a question to a mode. Where that fails, it is reported, and the answer is `otherwise`. */
  #contained<Asked, Told>(
    ask: (asked: Asked) => Told,
    name: string,
    what: string,
    otherwise: Told,
  ): (asked: Asked) => Told {
    const word = wordKey('tls', name);
    return (asked) => {
      try {
        return ask(asked);
      } catch (error) {
        const plugin = this.#owners.get(word);
        this.#loop.failures.report(
          `${what} ${word}`,
          `${word}${plugin === undefined ? '' : ` of plugin ${plugin}`} could not say ${what}`,
          { tls: name, plugin, word },
          error,
        );
        return otherwise;
      }
    };
  }

  serverTls(use: ComponentUse): LinkedServerTls {
    const watch = this.#watch('server tls', use.name);
    const factory = this.#functions.find('serverTls', use.name);
    return linkServerTls(use, this.code(use), () => {
      const mode = made(use.place, `tls ${use.name}`, () => factory(this.#options(use.options)));
      return { secure: watch((socket, server, protocols) => mode.secure(socket, server, protocols)) };
    });
  }

  /** traceExporter is made where `before`, the current one, is another. */
  traceExporter(use: ComponentUse, before: LinkedExporter | null): LinkedExporter {
    const key = JSON.stringify([use.name, use.options, this.code(use)]);
    if (before !== null && before.key === key) return before;
    const loop = this.#loop;
    const watch = this.#watch('traces', use.name);
    const word = wordKey('traces', use.name);
    const plugin = this.#owners.get(word);
    const whose = plugin === undefined ? word : `${word} of plugin ${plugin}`;
    const failed = (doing: string, thrown: unknown): void =>
      loop.failures.report(`${doing} ${word}`, `${whose} could not ${doing}`, { plugin, word }, thrown);
    const log = (level: LogLevel) => (message: string, fields?: object) =>
      loop.log(level, message, { plugin, ...fields });
    const factory = this.#functions.find('traceExporters', use.name);
    const exporter = made(use.place, `traces to ${use.name}`, () =>
      factory(this.#options(use.options), {
        thread: loop.thread,
        log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      }),
    );
    if (typeof (exporter as TraceExporter | null)?.record !== 'function') {
      throw wrongValue(`\`traces to ${use.name}\` returned`, exporter, 'an exporter with `record`');
    }
    const record = watch<TraceExporter['record']>((request) => exporter.record(request));
    const stop = watch<NonNullable<TraceExporter['stop']>>(() => exporter.stop?.());
    return new LinkedExporter(key, { record, stop }, failed);
  }

  /** errorAnswers: the last plugin that makes them has its way, so that a user's own replaces the standard one. */
  errorAnswers(): (status: number) => Answer {
    const factory = this.#functions.last('errorAnswers');
    const make = factory === undefined ? null : factory({});
    const made = new Map<number, Answer>();
    return (status) => {
      let answer = made.get(status);
      if (answer === undefined) {
        answer = { status, headers: [], body: '' };
        try {
          if (make !== null) answer = make(status);
        } catch (error) {
          const plugin = this.#functions.lastOwner('errorAnswers');
          this.#loop.failures.report(
            `error answer ${status}`,
            `plugin ${plugin} could not make the answer to ${status}; a bare one is sent`,
            { status, plugin },
            error,
          );
        }
        made.set(status, answer);
      }
      return answer;
    };
  }

  #watchReader(name: string, reader: FieldReader): FieldReader {
    return this.#watch('field', name)((facts, key) => reader(publicFacts(facts), key));
  }

  /** options with their secrets in them. */
  #options(options: Args): Args {
    return withSecrets(options, (name) => this.secret(name));
  }

  secret(name: string): string {
    const { secrets = {} } = this.#order;
    if (!Object.hasOwn(secrets, name)) throw new LinkError(`secret \`${name}\` was not handed over`);
    return secrets[name]!;
  }

  #watch(kind: Parameters<typeof wordKey>[0], name: string): Watch {
    return watchOf(this.#loop.heartbeats, this.#order.wordIds?.[wordKey(kind, name)] ?? 0);
  }
}

/** made says in which line of the rules it was when a plugin's factory throws. */
function made<Made>({ file, line }: Place, text: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LinkError(`${file}:${line}: \`${text}\`: ${reason}`);
  }
}
