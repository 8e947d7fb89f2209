/**
 * GatewayProcess: one gateway as the supervisor's child: its channel, and its listening sockets. The supervisor's process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Handle, KeptSockets } from './kept-sockets.ts';
import { SUPERVISED, type ToGateway, type ToSupervisor } from './messages.ts';

/** What a crash of native code, or the system's lack of memory, ends a process with. */
const CRASHES: ReadonlySet<string> = new Set([
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
  'SIGSYS',
  'SIGKILL',
]);

/** isCrashSignal: a process that ended by it did not do so by its own will, or because somebody asked it to. */
export function isCrashSignal(signal: string): boolean {
  return CRASHES.has(signal);
}

export interface GatewayProcessOptions {
  /** The command's file, and its arguments. */
  readonly script: string;
  readonly args: readonly string[];
  /** Variables besides those of this process. */
  readonly env: Readonly<Record<string, string>>;
  onMessage(message: ToSupervisor, handle: Handle): void;
  /** It has ended, and everything that it said has been heard. */
  onEnded(code: number | null, signal: NodeJS.Signals | null): void;
  /** There is no such process: the system could not start it. */
  onUnstartable(reason: string): void;
}

export class GatewayProcess {
  /** Its listening sockets, as they are kept. */
  sockets = new KeptSockets();
  /** It attends to messages. */
  isAttending = false;
  readonly #child: ChildProcess;

  constructor({ script, args, env, onMessage, onEnded, onUnstartable }: GatewayProcessOptions) {
    const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env, [SUPERVISED]: String(process.pid) },
    });
    this.#child = child;
    child.on('message', (message: ToSupervisor, handle: unknown) => {
      if (message.type === 'attending') this.isAttending = true;
      else onMessage(message, handle as Handle);
    });
    // Only a process that could not be started has no pid; to one that is ending, a message may fail.
    child.on('error', (error) => {
      if (child.pid === undefined) onUnstartable(error.message);
    });
    // What it said last may be read after its end is known.
    const silent = new Promise<void>((resolve) => child.once('disconnect', resolve));
    child.once('exit', async (code, signal) => {
      await silent;
      onEnded(code, signal);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: ToGateway, handle?: Handle): void {
    // A channel that has closed means that the child is ending: `exit` follows.
    if (this.#child.connected) this.#child.send(message, handle as never, {}, () => {});
  }

  /** pass hands a signal on: by message, or to a process that attends to none yet as the system does. */
  pass(signal: NodeJS.Signals): void {
    if (this.isAttending) this.send({ type: 'signal', signal });
    else this.#child.kill(signal);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** endingOf is how a process ended, for people. */
export function endingOf(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `ended with code ${code}` : `crashed (${signal})`;
}
