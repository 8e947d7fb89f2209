/**
 * DemoBackend: starts one backend process, and starts it again some time after it was killed.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BackendReport } from './backend.ts';

const SCRIPT = fileURLToPath(new URL('./backend.ts', import.meta.url));

export interface DemoBackendOptions {
  readonly name: string;
  /** 0: any free port. */
  readonly port: number;
  /** How long a killed backend stays away; null: for good. */
  readonly restartMs: number | null;
  say(text: string): void;
}

export class DemoBackend {
  readonly name: string;
  readonly #options: DemoBackendOptions;
  #port: number;
  #process: ChildProcess | null = null;
  #restart: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(options: DemoBackendOptions) {
    this.name = options.name;
    this.#options = options;
    this.#port = options.port;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** start resolves once the backend answers: on its port, or on any free one when that is taken. */
  async start(): Promise<void> {
    let report = await this.#fork(this.#port);
    if ('problem' in report) report = await this.#fork(0);
    if ('problem' in report) throw new Error(`backend ${this.name} cannot start: ${report.problem}`);
    this.#port = report.port;
    this.#process?.once('exit', () => this.#ended());
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  #fork(port: number): Promise<BackendReport> {
    const child = fork(SCRIPT, [this.name, String(port)]);
    this.#process = child;
    return new Promise((resolve) => {
      child.once('message', (report: BackendReport) => resolve(report));
      child.once('exit', () => resolve({ problem: 'its process ended at once' }));
    });
  }

  #ended(): void {
    const { restartMs, say } = this.#options;
    if (this.#isStopping) return;
    say(`backend ${this.name} was killed${restartMs === null ? '' : `; it comes back in ${restartMs / 1000} s`}`);
    if (restartMs === null) return;
    this.#restart = setTimeout(() => {
      this.start().then(
        () => say(`backend ${this.name} is back as process ${this.pid}`),
        (error: Error) => say(error.message),
      );
    }, restartMs);
  }
}
