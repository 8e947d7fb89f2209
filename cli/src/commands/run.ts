/**
 * The command `run FILE`: a gateway in the foreground until a signal ends it. Main thread.
 *
 * The signals are the command's alone; the gateway itself never touches them.
 */
import { constants } from 'node:os';
import { type AdminOptions, type Gateway, type Logger, restoreUnconfirmed } from '@sluice/core';
import { createGateway } from '../create-gateway.ts';
import { EXIT_OK, EXIT_PROBLEM, EXIT_SIGNAL } from '../exit-codes.ts';
import { createRunLog, logReady } from '../run-log.ts';
import { ServiceManager } from '../supervisor/service-manager.ts';
import { writeStateFile } from '../supervisor/state-file.ts';
import { Supervised } from '../supervisor/supervised.ts';
import { containUncaught } from '../uncaught.ts';
import { ownVersion } from '../version.ts';
import { check } from './check.ts';

/** Behind the time for open requests, without a supervisor: whatever holds the process up then, it is left. */
const DESERTED_MS = 5_000;

export interface RunOptions {
  readonly threads?: number;
  readonly logLevel: string;
  readonly check?: boolean;
  readonly admin?: string;
  /** False: there is none. The command's file decides, before anything else is loaded. */
  readonly supervisor?: boolean;
}

/** run resolves to the exit code once a signal has stopped the gateway. Rejects when it cannot start. */
export async function run(file: string, options: RunOptions): Promise<number> {
  const admin = options.admin === undefined ? {} : { admin: adminAt(options.admin) };
  if (options.check === true) return check([file], admin);
  const log = createRunLog(options.logLevel);
  const supervised = Supervised.current();
  await restoreUnconfirmed(file, log);
  // The sockets that a new version takes over are as many as the data threads of the one before.
  const threads = supervised?.upgradedFrom ?? options.threads;
  const gateway = await createGateway({
    rules: { file },
    logger: log,
    ...(threads === undefined ? {} : { threads }),
    ...admin,
    ...(supervised === null ? {} : { sockets: supervised, upgrade: () => supervised.upgrade() }),
    ...(supervised === null || supervised.upgradedFrom === null
      ? {}
      : { isTakeover: true, state: () => supervised.state() }),
  });
  return new Run(gateway, log, supervised).end;
}

/** A token on the command line could be read by everybody on the machine. */
function adminAt(address: string): AdminOptions {
  const token = process.env.SLUICE_ADMIN_TOKEN ?? '';
  return { address, ...(token === '' ? {} : { token }) };
}

class Run {
  readonly end: Promise<number>;
  readonly #gateway: Gateway;
  readonly #log: Logger;
  readonly #supervised: Supervised | null;
  /** Of a gateway without a supervisor, which would have it. */
  readonly #manager: ServiceManager | null;
  /** The signal to stop came from the supervisor, or there is none. */
  #isStopRequested = false;
  #isStopping = false;
  #hasMissedReload = false;
  #resolve: (code: number) => void = () => {};
  #reject: (thrown: unknown) => void = () => {};

  constructor(gateway: Gateway, log: Logger, supervised: Supervised | null) {
    this.#gateway = gateway;
    this.#log = log;
    this.#supervised = supervised;
    this.#manager = ServiceManager.current((reason) => log.warn(`the service manager cannot be notified: ${reason}`));
    this.end = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    containUncaught((thrown, origin) => gateway.contain(thrown, origin, { isOwnProcess: true }));
    process.on('SIGHUP', () => this.#reload());
    process.on('SIGUSR1', () => {
      this.#log.info('SIGUSR1: the access logs are reopened');
      this.#gateway.reopenLogs();
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#onSignal(signal));
    process.on('SIGUSR2', () =>
      log.warn('SIGUSR2: not upgraded, that takes the supervisor: send it to the process of `sluice run`'),
    );
    supervised?.listen({
      onSignal: (signal) => {
        if (signal === 'SIGTERM' || signal === 'SIGINT') this.#requestStop(signal);
      },
      left: () => this.#onSupervisorGone(),
      retire: () => this.#retire(),
      exportState: () => this.#exportState(),
    });
    gateway.start().then(
      () => {
        // A stop may have come while it started.
        if (gateway.state === 'running') logReady(log, gateway);
        supervised?.ready(ownVersion());
        this.#manager?.ready('serving');
        this.#manager?.watch(() => this.#manager?.alive());
        if (this.#hasMissedReload) this.#reload();
      },
      (thrown) => {
        // A stop that came while it started is no failure to start.
        if (!this.#isStopping) this.#reject(thrown);
      },
    );
  }

  #reload(): void {
    if (this.#gateway.state === 'starting') {
      this.#log.info('SIGHUP: the rules will be reloaded once the gateway has started');
      this.#hasMissedReload = true;
      return;
    }
    if (this.#gateway.state !== 'running') {
      this.#log.warn(`SIGHUP: not reloaded, the gateway is ${this.#gateway.state}`);
      this.#reloaded(false);
      return;
    }
    this.#log.info('SIGHUP: reloading the rules');
    this.#manager?.reloading();
    // The gateway logs how it went, and keeps the old rules when it went wrong.
    this.#gateway.reload().then(
      () => this.#reloaded(true),
      () => this.#reloaded(false),
    );
  }

  #reloaded(isOk: boolean): void {
    this.#supervised?.reloaded(isOk);
    this.#manager?.ready(isOk ? 'serving' : 'serving; the last reload failed');
  }

  /**
   * onSignal: the system delivered a signal to this very process. A terminal and a service manager send it to the supervisor as well, which
   * passes it on; so only what that passes on counts as a second one.
   */
  #onSignal(signal: NodeJS.Signals): void {
    if (this.#supervised === null) this.#requestStop(signal);
    else if (!this.#isStopping) this.#stop(signal);
  }

  /** requestStop: the operator wants a stop. The second request stops immediately. */
  #requestStop(signal: NodeJS.Signals): void {
    if (this.#isStopRequested) {
      this.#log.warn(`${signal}: stopped immediately`);
      this.#resolve(EXIT_SIGNAL + constants.signals[signal]);
      return;
    }
    this.#isStopRequested = true;
    if (!this.#isStopping) this.#stop(signal);
  }

  /** onSupervisorGone: the supervisor has died. Whoever starts the command again needs the ports. */
  #onSupervisorGone(): void {
    if (this.#gateway.state === 'starting') this.#resolve(EXIT_PROBLEM);
    if (!this.#isStopping) this.#stop('the supervisor has died');
    const latest = this.#gateway.plan.settings.drainMs + DESERTED_MS;
    setTimeout(() => this.#resolve(EXIT_PROBLEM), latest).unref();
  }

  async #exportState(): Promise<string | null> {
    try {
      return await writeStateFile(await this.#gateway.exportState());
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      this.#log.warn({ reason }, `the state cannot be handed over, the new gateway starts without: ${reason}`);
      return null;
    }
  }

  /** retire: another gateway serves. Nobody is told that this one stops: to whoever started the command, it is still the same. */
  #retire(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const seconds = this.#gateway.plan.settings.drainMs / 1000;
    this.#log.info(`replaced by a new gateway; open requests have ${seconds} s to complete`);
    this.#gateway.stop({ isReplaced: true }).then(() => this.#resolve(EXIT_OK), this.#reject);
  }

  #stop(why: string): void {
    this.#isStopping = true;
    this.#manager?.stopping('completing open requests');
    const seconds = this.#gateway.plan.settings.drainMs / 1000;
    this.#log.info(
      `${why}: shutting down gracefully; open requests have ${seconds} s to complete. A second signal stops immediately`,
    );
    this.#gateway.stop().then(() => this.#resolve(EXIT_OK), this.#reject);
  }
}
