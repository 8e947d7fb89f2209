/**
 * Program is a child process of a test or benchmark: nginx, haproxy, the `sluice` command, a backend that will be killed.
 * Whatever happens, none outlives the process that started it. Test code.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './waiting.ts';
import { connectTo, PATIENCE_MS } from './wire.ts';

export { freePort } from '@sluice/plugin-kit';

const running = new Set<ChildProcess>();
const folders = new Set<string>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The user to run as, for programs that refuse root. */
  readonly uid?: number;
  readonly gid?: number;
}

export class Program {
  readonly name: string;
  /** Everything printed so far, standard output and error as they came. */
  output = '';
  /** Resolves once the process has ended and its output is complete. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #listeners = new Set<() => void>();
  #exit: Exit | null = null;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.name = command;
    this.#child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
    running.add(this.#child);
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        for (const listener of [...this.#listeners]) listener();
      });
    }
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        running.delete(this.#child);
        this.#exit = { code, signal };
        for (const listener of [...this.#listeners]) listener();
        resolve(this.#exit);
      });
    });
    this.exited.catch(() => running.delete(this.#child));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get hasExited(): boolean {
    return this.#exit !== null;
  }

  /** printed waits until the output matches, and returns the match. */
  printed(pattern: RegExp, patienceMs = PATIENCE_MS): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.output);
        if (match !== null) settle(() => resolve(match));
        else if (this.#exit) settle(() => reject(new Error(`${this.name} ended before ${pattern}: ${this.output}`)));
      };
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        finish();
      };
      const timer = setTimeout(() => {
        settle(() => reject(new Error(`waited ${patienceMs} ms for ${this.name} to print ${pattern}: ${this.output}`)));
      }, patienceMs);
      this.#listeners.add(look);
      look();
    });
  }

  /** listening waits until something accepts connections on the port. */
  async listening(port: number, host = '127.0.0.1'): Promise<this> {
    await eventually(`${this.name} to listen on ${port}`, async () => {
      if (this.#exit) throw new Error(`${this.name} ended with ${this.#exit.code}: ${this.output}`);
      const wire = await connectTo({ host, port }).catch(() => null);
      wire?.destroy();
      return wire !== null;
    });
    return this;
  }

  signal(name: NodeJS.Signals): this {
    this.#child.kill(name);
    return this;
  }

  /** stop ends the process: SIGTERM, then SIGKILL when that takes longer than `patienceMs`. */
  async stop(patienceMs = 3_000): Promise<Exit> {
    if (this.#exit) return this.#exit;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs);
    this.#child.kill('SIGTERM');
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }
}

/** temporaryFolder makes a folder that is gone when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  folders.add(folder);
  return folder;
}

/** isInstalled tells whether a command is on the PATH (with the folders where daemons live). */
export function isInstalled(command: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `PATH="$PATH:/usr/sbin:/sbin" command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * skipUnless gives the options of a test that needs a program: none when it is installed, a skip with its reason
 * otherwise. `test('…', skipUnless('haproxy'), …)`.
 */
export function skipUnless(...commands: string[]): { skip?: string } {
  const missing = commands.filter((command) => !isInstalled(command));
  return missing.length === 0 ? {} : { skip: `${missing.join(', ')} not installed` };
}
