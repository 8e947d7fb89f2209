/**
 * BackendSection: `backend NAME [of ADDRESS, …] [{ … }]` to the plan's backend. Main thread.
 */
import type {
  Address,
  BackendPlan,
  BackendTimeouts,
  CheckPlan,
  CircuitPlan,
  ComponentSlot,
  ComponentUse,
  DiscoveryPlan,
  EjectPlan,
  FailurePlan,
  FallBack,
  RetryPolicy,
  SendProxyPlan,
  ServerPlan,
} from '../../plan/plan.ts';
import type { Args } from '../../plan/rule.ts';
import type { Span } from '../../source/source-text.ts';
import { TOP_WORDS } from '../../syntax/layout.ts';
import type { Statement } from '../../syntax/tree.ts';
import { SETTINGS } from '../../vocabulary/base-words.ts';
import { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import { addressText, readAddresses, readSite, SERVER_ADDRESS } from '../values/address.ts';
import type { ReadComponent } from './component.ts';
import { DEFAULTS } from './defaults.ts';
import { readersIn } from './paths.ts';
import { expectSetting, findSetting, otherSection, readSetting, type SettingLine } from './setting-line.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** checkBackend returns the backend; null when it has no servers or its head cannot be read. */
export function checkBackend(scope: Scope, statement: Statement, name: string): BackendPlan | null {
  return new BackendChecker(scope, statement, name).run();
}

class BackendChecker {
  readonly #scope: Scope;
  readonly #statement: Statement;
  readonly #name: string;
  readonly #servers = new Map<string, ServerPlan>();
  readonly #addresses = new Set<string>();
  readonly #discoveries = new Map<string, DiscoveryPlan>();
  readonly #said = new Map<string, Span>();
  /** A line that should have added a server was reported. */
  #isServerMissing = false;
  readonly #timeouts: Writable<BackendTimeouts> = { ...DEFAULTS.backendTimeouts };
  #balance: ComponentUse | null = null;
  #stick: ComponentUse | null = null;
  #check: CheckPlan | null = null;
  #tls: ComponentUse | null = null;
  #protocol: 'http1' | 'http2' = 'http1';
  #sendProxy: SendProxyPlan | null = null;
  /** How TLS is spoken to a site by `https:` where no `tls` line says it. */
  #siteTls: ComponentUse | null = null;
  #eject: EjectPlan | null = null;
  #circuit: CircuitPlan | null = null;
  #retry: RetryPolicy = DEFAULTS.retry;
  #onDown: BackendPlan['onDown'] = 'keep';
  #max = 0;
  #queue: number = DEFAULTS.queue;
  #slowStartMs = 0;
  #serve: ComponentUse | null = null;
  #siteHost: string | null = null;
  #isPassthrough = false;
  #isLax = false;
  #fallBack: FallBack | null = null;
  /** The first line that only makes sense for servers. */
  #forServers: { readonly word: string; readonly span: Span } | null = null;

  constructor(scope: Scope, statement: Statement, name: string) {
    this.#scope = scope;
    this.#statement = statement;
    this.#name = name;
  }

  run(): BackendPlan | null {
    const scope = this.#scope;
    const { head, block, isBroken } = this.#statement;
    if (isBroken) this.#isServerMissing = true;
    else this.#head();
    for (const statement of block?.statements ?? []) {
      if (scope.diagnostics.isFull) return null;
      if (statement.isBroken) this.#isServerMissing = true;
      else this.#line(statement);
    }
    const name = head.phrases[0]?.items[1] ?? this.#statement;
    this.#checkServe();
    if (this.#servers.size === 0 && this.#discoveries.size === 0 && this.#serve === null) {
      if (this.#isServerMissing) return null;
      const fix = `Write \`backend ${this.#name} of 127.0.0.1:9001\`, or \`server\` lines in its block`;
      return scope.error('SL0705', name, { name: this.#name }, fix);
    }
    const place = scope.place({ start: this.#statement.start, end: this.#statement.headEnd });
    return {
      name: this.#name,
      servers: [...this.#servers.values()],
      ...(this.#discoveries.size === 0 ? {} : { discoveries: [...this.#discoveries.values()] }),
      serve: this.#serve,
      siteHost: this.#siteHost,
      ...(this.#isPassthrough ? { isPassthrough: true } : {}),
      fallBack: this.#fallBack,
      balance: this.#balance ?? this.#byDefault('balance', DEFAULTS.balancer, name),
      stick: this.#stick,
      check: this.#checkOf(),
      ...this.#tlsOf(),
      ...(this.#sendProxy === null ? {} : { sendProxy: this.#sendProxy }),
      ...(this.#protocol === 'http2' ? { protocol: this.#protocol } : {}),
      ...(this.#isLax ? { isLax: true } : {}),
      eject: this.#eject,
      circuit: this.#circuit,
      retry: this.#retry,
      onDown: this.#onDown,
      timeouts: this.#timeouts,
      max: this.#max,
      queue: this.#queue,
      slowStartMs: this.#slowStartMs,
      place,
    };
  }

  /** checkOf: servers that want a PROXY header want it of probes too. */
  #checkOf(): CheckPlan | null {
    const check = this.#check;
    if (check === null || check.sendProxy !== null || check.port !== 0 || this.#sendProxy === null) return check;
    return { ...check, sendProxy: this.#sendProxy.version };
  }

  #tlsOf(): Pick<BackendPlan, 'tls'> {
    const tls = this.#tls ?? this.#siteTls;
    return tls === null ? {} : { tls };
  }

  /** byDefault is the component of a slot that no line names, with its defaults. */
  #byDefault(slot: ComponentSlot, name: string, span: Span): ComponentUse {
    const word = this.#scope.vocabulary.components(slot).get(name);
    const options = Object.fromEntries(
      (word?.args ?? []).filter((arg) => arg.default !== undefined).map((arg) => [arg.name, arg.default!]),
    );
    return { slot, name, options, place: this.#scope.place(span) };
  }

  #head(): void {
    const scope = this.#scope;
    const { head, when, whenSpan } = this.#statement;
    const reader = new Reader(head.phrases[0]!, 2);
    const next = reader.peek();
    scope.reading?.keyword(reader, 'of', 'its servers’ addresses');
    if (reader.isWord('of')) {
      reader.at++;
      const items = reader.list();
      if (items.length === 0) {
        this.#isServerMissing = true;
        scope.error(
          'SL0117',
          next!,
          { word: 'of', what: 'addresses' },
          'For example `of 127.0.0.1:9001, 127.0.0.1:9002`',
        );
      }
      for (const item of items) {
        const addresses = readAddresses(item.value, SERVER_ADDRESS);
        if ('problem' in addresses) {
          this.#isServerMissing = true;
          scope.error('SL0609', item, { value: item.value, problem: addresses.problem }, addresses.fix);
          continue;
        }
        for (const address of addresses) {
          const words = { weight: 1, max: 0, queue: 0, isBackup: false, place: scope.place(item) };
          this.#addServer({ name: addressText(address), address, ...words }, item, item);
        }
      }
    }
    const rest = reader.peek();
    if (rest !== undefined) {
      const word = scope.source.text.slice(rest.start, rest.end);
      const isAddress = rest.kind === 'word' && !('problem' in readAddresses(rest.value, SERVER_ADDRESS));
      const fix = !isAddress ? null : reader.at === 2 ? `Write \`of ${word}\`` : 'Addresses are joined by `,`';
      this.#isServerMissing ||= reader.at === 2;
      scope.error('SL0118', rest, { word }, fix);
    } else if (head.joints[0] !== undefined) scope.error('SL0118', head.joints[0], { word: head.joints[0].kind });
    else if (when !== null) scope.error('SL0123', whenSpan!);
  }

  #line(statement: Statement): void {
    const scope = this.#scope;
    const phrase = statement.head.phrases[0]!;
    const reader = new Reader(phrase);
    expectSetting(scope, 'backend', reader);
    if (reader.isDone) return;
    const found = findSetting('backend', reader);
    if (found === null) {
      this.#unknown(reader);
      return;
    }
    const line = readSetting(scope, statement, found.value, found.length);
    if (found.value.name === 'server') scope.reading?.name(phrase.items[found.length], 'server', true, this.#name);
    if (line === null) this.#isServerMissing ||= /^serve/.test(found.value.name);
    else {
      this.#noteRequestWords(line);
      this.#set(line, statement);
    }
  }

  /** Whether it matters what a line needs shows when it is known who sends here. */
  #noteRequestWords(line: SettingLine): void {
    const scope = this.#scope;
    const { source } = scope;
    const words = requestWordsOf(scope, line).map(([word, span]) => ({ word, source, span }));
    if (words.length > 0) scope.requestWords.set(this.#name, [...(scope.requestWords.get(this.#name) ?? []), ...words]);
  }

  #unknown(reader: Reader): void {
    const scope = this.#scope;
    const item = reader.peek()!;
    const word = reader.wordAt(0);
    if (word === null) {
      scope.error('SL0112', item, { word: scope.source.text.slice(item.start, item.end) });
      return;
    }
    const other = otherSection('backend', reader);
    if (TOP_WORDS.has(word)) scope.error('SL0402', item, { word, section: 'backend' });
    else if (other !== null) scope.error('SL0403', item, { word, section: other });
    else if (word === 'otherwise' || scope.vocabulary.verbs.match(reader.wordAt, 0) !== null) {
      scope.error('SL0403', item, { word, section: 'listener' });
    } else {
      this.#isServerMissing = true;
      const known = SETTINGS.backend.names().map((name) => name.split(' ')[0]!);
      scope.unknown('SL0101', item, word, new Set(known));
    }
  }

  #set({ setting, args, span, spans, items, component }: SettingLine, statement: Statement): void {
    if (setting.name === 'server') {
      const addresses = readAddresses(args.address as string, SERVER_ADDRESS) as readonly Address[];
      const name = args.name as string;
      for (const address of addresses) {
        const server: ServerPlan = {
          name: addresses.length === 1 || !('port' in address) ? name : `${name}-${address.port}`,
          address,
          weight: args.weight as number,
          max: args.max as number,
          queue: (args.queue as number | undefined) ?? 0,
          isBackup: args.backup as boolean,
          place: this.#scope.place({ start: statement.start, end: statement.headEnd }),
        };
        this.#addServer(server, spans.get('name')!, spans.get('address')!);
      }
      return;
    }
    if (setting.slot === 'discovery') {
      this.#addDiscovery(component!, span);
      return;
    }
    if (setting.name === 'timeout') {
      for (const [name, at] of spans) {
        if (this.#isNew(`timeout ${name}`, at))
          this.#timeouts[`${name}Ms` as keyof BackendTimeouts] = args[name] as number;
      }
      return;
    }
    if (!this.#isNew(setting.name === 'tls passthrough' ? 'tls' : setting.name, span)) return;
    if (!setting.name.startsWith('serve')) this.#forServers ??= { word: setting.name, span };
    if (setting.name === 'fall back to') {
      const whole = { start: span.start, end: items.at(-1)!.end };
      const to = args.to as string;
      this.#fallBack = { to, below: args.below as number, place: this.#scope.place(whole) };
      this.#scope.fallBacks.set(this.#name, { to, source: this.#scope.source, span: whole });
      return;
    }
    if (setting.name === 'serve') {
      this.#serve = component!.use;
      return;
    }
    if (setting.name === 'serve site') {
      this.#setSite(args.url as string, spans.get('url')!);
      return;
    }
    if (setting.name === 'paths') this.#scope.pathReaders.set(this.#name, readersIn(args));
    else if (setting.name === 'tls passthrough') this.#isPassthrough = true;
    else if (setting.name === 'servers lax') this.#isLax = true;
    else if (setting.name === 'balance') this.#balance = component!.use;
    else if (setting.name === 'max') this.#max = args.count as number;
    else if (setting.name === 'queue at most') this.#queue = args.count as number;
    else if (setting.name === 'on down') this.#onDown = args.fate as BackendPlan['onDown'];
    else if (setting.name === 'slow start') this.#slowStartMs = args.time as number;
    else if (setting.name === 'stick') this.#stick = component!.use;
    else if (setting.name === 'tls') this.#tls = component!.use;
    else if (setting.name === 'send proxy') this.#setSendProxy(args, spans);
    else if (setting.name === 'protocol') this.#protocol = args.name as 'http1' | 'http2';
    else if (setting.name === 'check') {
      this.#check = {
        probe: component!.use,
        intervalMs: args.every as number,
        changingMs: (args.changing as number | undefined) ?? 0,
        timeoutMs: args.timeout as number,
        fall: args.fall as number,
        rise: args.rise as number,
        jitter: (args.jitter as number) / 100,
        port: args.port as number,
        sendProxy: (args.proxy as 'v1' | 'v2' | undefined) ?? null,
        ...(args.plain === true ? { isPlain: true } : {}),
      };
    } else if (setting.name === 'eject') {
      this.#eject = {
        ...failuresOf(args),
        timeMs: args.time as number,
        mostMs: args.longest as number,
        mostShare: (args.most as number) / 100,
      };
    } else if (setting.name === 'break circuit') {
      this.#circuit = { ...failuresOf(args), openMs: args.time as number };
    } else {
      this.#warnOfCauses(args, spans);
      this.#retry = {
        times: args.times as number,
        on: (args.on as RetryPolicy['on'] | undefined) ?? DEFAULTS.retry.on,
        isAnotherServer: args.any !== true,
        share: args.share === undefined ? DEFAULTS.retry.share : (args.share as number) / 100,
        perSecond: args.least === undefined ? DEFAULTS.retry.perSecond : perSecondOf(args.least as readonly number[]),
      };
    }
  }

  /** What is written takes the place of the default. */
  #warnOfCauses({ on, times }: Args, spans: ReadonlyMap<string, Span>): void {
    const isLeftOut = Array.isArray(on) && !on.includes('connect-failure') && times !== 0;
    if (isLeftOut) this.#scope.error('SL0672', spans.get('on')!);
  }

  #setSendProxy(args: Args, spans: ReadonlyMap<string, Span>): void {
    const version = args.version as SendProxyPlan['version'];
    for (const name of version === 'v1' ? ['id', 'checksum', 'bare'] : []) {
      const span = spans.get(name);
      if (span === undefined) continue;
      const word = this.#scope.source.text.slice(span.start, span.end);
      this.#scope.error('SL0118', span, { word }, 'It belongs to `send proxy v2`');
      return;
    }
    const { id, checksum, bare } = args;
    this.#sendProxy = { version, hasTls: bare !== true, hasId: id === true, hasChecksum: checksum === true };
  }

  #setSite(url: string, span: Span): void {
    const site = readSite(url);
    if ('problem' in site) {
      this.#isServerMissing = true;
      this.#scope.error('SL0645', span, { value: url, problem: site.problem }, site.fix);
      return;
    }
    this.#siteHost = site.authority;
    const place = this.#scope.place(span);
    if (site.isHttps) this.#siteTls = this.#byDefault('server tls', DEFAULTS.serverTls, span);
    this.#addServer(
      { name: 'site', address: site.address, weight: 1, max: 0, queue: 0, isBackup: false, place },
      span,
      span,
    );
  }

  /** A backend has servers, or serves something itself: never both. */
  #checkServe(): void {
    const serve = this.#said.get('serve');
    const site = this.#said.get('serve site');
    const second = serve !== undefined && site !== undefined ? site : (serve ?? site);
    if (second === undefined) return;
    const word = second === site ? 'serve site' : 'serve';
    const own = this.#siteHost === null ? 0 : 1;
    if (this.#servers.size > own || this.#discoveries.size > 0 || (serve !== undefined && site !== undefined)) {
      this.#scope.error('SL0720', second, { word });
    } else if (serve !== undefined && this.#forServers !== null) {
      this.#scope.error('SL0721', this.#forServers.span, { word: this.#forServers.word });
    }
  }

  #addServer(server: ServerPlan, name: Span, address: Span): void {
    const scope = this.#scope;
    const before = this.#servers.get(server.name);
    if (before !== undefined) {
      scope.error('SL0706', name, { name: server.name, line: before.place.line });
      return;
    }
    this.#servers.set(server.name, server);
    const text = addressText(server.address);
    if (this.#addresses.has(text)) scope.error('SL0713', address, { value: text });
    this.#addresses.add(text);
  }

  #addDiscovery({ use, args }: ReadComponent, span: Span): void {
    const { place } = use;
    const source = this.#scope.source.text.slice(span.end, span.start + place.length).trim();
    const before = this.#discoveries.get(source);
    if (before !== undefined) {
      this.#scope.error('SL0122', span, { word: `servers from ${source}`, line: before.place.line });
      return;
    }
    this.#discoveries.set(source, {
      use,
      source,
      weight: args.weight as number,
      max: args.max as number,
      isBackup: args.backup === true,
      most: args.most as number,
      graceMs: (args.grace as number | undefined) ?? null,
      keepMs: (args.keep as number | undefined) ?? null,
      waitMs: args.wait as number,
      place,
    });
  }

  #isNew(name: string, span: Span): boolean {
    const before = this.#said.get(name);
    if (before !== undefined) {
      this.#scope.error('SL0122', span, { word: name, line: this.#scope.place(before).line });
      return false;
    }
    this.#said.set(name, span);
    return true;
  }
}

/** A rate counts its events in a time of so many milliseconds. */
function perSecondOf([count, perMs]: readonly number[]): number {
  return (count! * 1000) / perMs!;
}

function failuresOf(args: Args): FailurePlan {
  return {
    failures: (args.failures as number | undefined) ?? 0,
    errorShare: ((args.share as number | undefined) ?? 0) / 100,
    requests: (args.requests as number | undefined) ?? DEFAULTS.failures.requests,
    windowMs: (args.window as number | undefined) ?? DEFAULTS.failures.windowMs,
    statuses: (args.statuses as FailurePlan['statuses'] | undefined) ?? DEFAULTS.failures.statuses,
  };
}

/** requestWordsOf are the words of a line that have no meaning for connections that are passed on unread. */
function requestWordsOf(scope: Scope, line: SettingLine): (readonly [word: string, span: Span])[] {
  const { setting, args, span, spans, items, component } = line;
  const whole = { start: span.start, end: items.at(-1)!.end };
  if (setting.name === 'protocol') return args.name === 'http2' ? [['protocol http2', whole]] : [];
  if (['serve site', 'servers lax', 'paths'].includes(setting.name)) return [[setting.name, span]];
  if (setting.name === 'retry') {
    const status = ((args.on as RetryPolicy['on'] | undefined) ?? []).find((each) => typeof each === 'number');
    return status === undefined ? [] : [[`retry … on ${status}`, spans.get('on')!]];
  }
  if (spans.has('statuses'))
    return [[`${setting.name} … on ${String(args.statuses).split(',')[0]}`, spans.get('statuses')!]];
  if (component === null) return [];
  const { slot, name, options } = component.use;
  const word = scope.vocabulary.components(slot).get(name);
  if (word?.needsRequest === true) return [[`${setting.name} ${name}`, whole]];
  return (word?.args ?? [])
    .filter((arg) => arg.type === 'key')
    .map((arg) => options[arg.name] as readonly string[] | undefined)
    .filter((key) => key !== undefined && key[0] !== 'ip' && key[0] !== 'global')
    .map((key) => [`${setting.name} ${name} by ${key![0]}`, whole] as const);
}
