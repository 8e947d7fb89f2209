/**
 * PluginTrial: rules that use a plugin, run by a gateway of their own on free ports of 127.0.0.1.
 */
import {
  createGateway,
  type ExplainRequest,
  type Explanation,
  type Gateway,
  type GatewayOptions,
  type PluginManifest,
} from '@sluice/core';
import type { Address } from '@sluice/dsl/plan';
import { FakeServer } from '../fakes/fake-server.ts';
import { GatewayLog, type GatewayLogLine } from './gateway-log.ts';
import { pluginsWith } from './plugins-with.ts';
import { type RequestOptions, sendRequest, type TrialResponse } from './request.ts';
import { type RulesSketch, SERVER_NAMES, sketchedRules } from './sketched-rules.ts';

/** TrialOptions are the gateway's own. `threads` is 0 by default: data entries run in the test's thread, so that it can debug them. */
export type TrialOptions = Partial<Pick<GatewayOptions, 'threads' | 'timers' | 'random' | 'admin' | 'nameResolver'>>;

interface Running {
  readonly gateway: Gateway;
  readonly servers: readonly FakeServer[];
}

/**
 * PluginTrial starts when it is first asked for something, and must be stopped: `await using trial = tryPlugin(…)`, or
 * `stop()`. Whatever starts it rejects with the gateway's own error when the plugin or the rules are refused.
 */
export class PluginTrial {
  readonly #log = new GatewayLog();
  readonly #start: (logger: GatewayLog['logger']) => Promise<Running>;
  #running: Promise<Running> | null = null;
  #isStopped = false;

  /** Use `tryPlugin`. */
  constructor(start: (logger: GatewayLog['logger']) => Promise<Running>) {
    this.#start = start;
  }

  /** start resolves to the running gateway itself: for reloads, statistics, events and drains. */
  async start(): Promise<Gateway> {
    return (await this.#run()).gateway;
  }

  /** servers resolves to the fake servers of a sketch, in order; to none for a rule file. */
  async servers(): Promise<readonly FakeServer[]> {
    return (await this.#run()).servers;
  }

  /**
   * request sends `GET /path`, or `GET https://www.example.com/path` to a listener that terminates TLS. It goes to the listener that is
   * named, or else to `web` or the only one. Rejects when the connection is closed without a response.
   */
  async request(line: string, options: RequestOptions = {}): Promise<TrialResponse> {
    return sendRequest(await this.address(options.listener), line, options);
  }

  /** address resolves to where a listener is bound. Default: the one named `web`, or else the only one. */
  async address(listener?: string): Promise<Address> {
    const addresses = (await this.start()).addresses();
    const names = Object.keys(addresses);
    const name = listener ?? (names.length === 1 ? names[0]! : 'web');
    const address = addresses[name];
    if (address === undefined) throw new Error(`there is no listener \`${name}\`: there are ${names.join(', ')}`);
    return address;
  }

  /** explain says what the gateway would do with a request and why, as `sluice explain` does. */
  async explain(request: ExplainRequest): Promise<Explanation> {
    return (await this.start()).explain(request);
  }

  /** Everything that was logged, from `debug` up. */
  get log(): readonly GatewayLogLine[] {
    return this.#log.lines;
  }

  /** logged resolves to the first line, past or to come, whose message matches. Rejects after 10 s, with all that was logged. */
  async logged(message: RegExp): Promise<GatewayLogLine> {
    await this.#run();
    return this.#log.find(message);
  }

  /** stop ends the gateway, with what is open on it, and the fake servers. A trial that was stopped refuses everything else. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    const started = await running.catch(() => null);
    if (started === null) return;
    await started.gateway.stop({ deadline: 0 });
    await Promise.all(started.servers.map((server) => server.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<Running> {
    if (this.#isStopped) throw new Error('this trial was stopped: make another one');
    this.#running ??= this.#start(this.#log.logger);
    return this.#running;
  }
}

/**
 * tryPlugin runs rules that use one or more plugins, beside the standard ones: a whole rule file as text, whose listeners should be on
 * port 0, or a sketch of it. Words and components are there without a `use` line. A plugin replaces the standard one of the
 * same name.
 *
 *     await using trial = tryPlugin(plugin, { listener: 'deny team is red' });
 *     const { status } = await trial.request('GET /', { headers: { 'x-team': 'red' } });
 */
export function tryPlugin(
  plugins: PluginManifest | readonly PluginManifest[],
  rules: string | RulesSketch,
  options: TrialOptions = {},
): PluginTrial {
  return new PluginTrial(async (logger) => {
    const isSketch = typeof rules !== 'string';
    const names = isSketch ? SERVER_NAMES.slice(0, rules.servers ?? 1) : [];
    const servers = await Promise.all(names.map((name) => FakeServer.start(name)));
    try {
      const text = isSketch ? sketchedRules(rules, servers) : rules;
      const gateway = await createGateway({
        threads: 0,
        ...options,
        rules: text,
        plugins: pluginsWith(plugins),
        logger,
      });
      await gateway.start();
      return { gateway, servers };
    } catch (thrown) {
      await Promise.all(servers.map((server) => server.stop()));
      throw thrown;
    }
  });
}
