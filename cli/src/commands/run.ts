/**
 * The command `run FILE`: a gateway in the foreground until a signal ends it. Main thread.
 *
 * The signals are the command's alone; the gateway itself never touches them.
 */
import { constants } from 'node:os';
import type { AdminOptions, Gateway } from '@sluice/core';
import type { Logger } from 'pino';
import { createGateway } from '../create-gateway.ts';
import { EXIT_OK, EXIT_SIGNAL } from '../exit-codes.ts';
import { createRunLog } from '../run-log.ts';
import { check } from './check.ts';

export interface RunOptions {
  readonly threads?: number;
  readonly logLevel: string;
  readonly check?: boolean;
  readonly admin?: string;
}

/** run resolves to the exit code once a signal has stopped the gateway. Rejects when it cannot start. */
export async function run(file: string, options: RunOptions): Promise<number> {
  const admin = options.admin === undefined ? {} : { admin: adminAt(options.admin) };
  if (options.check === true) return check([file], admin);
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  const log = createRunLog(options.logLevel);
  return new Run(await createGateway({ rules: { file }, logger: log, ...threads, ...admin }), log).end;
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
  #isStopping = false;
  #hasMissedReload = false;
  #resolve: (code: number) => void = () => {};
  #reject: (thrown: unknown) => void = () => {};

  constructor(gateway: Gateway, log: Logger) {
    this.#gateway = gateway;
    this.#log = log;
    this.end = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    process.on('SIGHUP', () => this.#reload());
    process.on('SIGTERM', (signal) => this.#stop(signal));
    process.on('SIGINT', (signal) => this.#stop(signal));
    gateway.start().then(
      () => {
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
      this.#log.info('SIGHUP: the rules are read again once the gateway has started');
      this.#hasMissedReload = true;
      return;
    }
    if (this.#gateway.state !== 'running') {
      this.#log.warn(`SIGHUP: not reloaded, the gateway is ${this.#gateway.state}`);
      return;
    }
    this.#log.info('SIGHUP: the rules are read again');
    // The gateway logs how it went, and keeps the old rules when it went wrong.
    this.#gateway.reload().catch(() => {});
  }

  #stop(signal: NodeJS.Signals): void {
    if (this.#isStopping) {
      this.#log.warn(`${signal}: stopped at once`);
      this.#resolve(EXIT_SIGNAL + constants.signals[signal]);
      return;
    }
    this.#isStopping = true;
    const seconds = this.#gateway.plan.settings.drainMs / 1000;
    this.#log.info(`${signal}: no new connections; open requests have ${seconds} s to end. Once more stops at once`);
    this.#gateway.stop().then(() => this.#resolve(EXIT_OK), this.#reject);
  }
}
