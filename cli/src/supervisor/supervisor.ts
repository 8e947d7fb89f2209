/**
 * Supervisor: the process of `sluice run` that starts the gateway as its child, and again when that has crashed. It is all that runs in
 * its process, and imports nothing of the gateway's: what crashes that must not be here, and it has to be small.
 *
 * To whoever started the command, it is the gateway: signals go through it, and it ends as its child has ended. The child notices when
 * the channel between them closes, so it never outlives its supervisor for longer than its requests take.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { performance } from 'node:perf_hooks';
import { type Handle, KeptSockets } from './kept-sockets.ts';
import { SUPERVISED, type ToGateway, type ToSupervisor } from './messages.ts';
import { MOST_FAILED_STARTS, Restarts } from './restarts.ts';
import { ServiceManager } from './service-manager.ts';
import { type SupervisorLog, supervisorLog } from './supervisor-log.ts';

/** How long a gateway that was told to stop at once may take to do so. */
const AT_ONCE_MS = 5_000;
/** Signals whose default is to end the process, and that the gateway has its own mind about. */
const PASSED_ON = ['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const;
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

export class Supervisor {
  readonly #script: string;
  readonly #args: readonly string[];
  readonly #log: SupervisorLog;
  readonly #manager: ServiceManager | null;
  readonly #restarts = new Restarts(() => performance.now());
  readonly #sockets = new KeptSockets();
  #child: ChildProcess | null = null;
  #isAttending = false;
  /** The gateway has served, now or before it crashed. */
  #hasServed = false;
  #waiting: NodeJS.Timeout | undefined;
  /** Signals to stop so far. */
  #stops = 0;
  #crashedMs: number | null = null;
  /** A reload was asked for while there was no gateway that could be told. */
  #isReloadDue = false;

  /** `script` is the command's file, `args` what comes behind it. */
  constructor(script: string, args: readonly string[]) {
    this.#script = script;
    this.#args = args;
    this.#log = supervisorLog(args);
    this.#manager = ServiceManager.current((reason) =>
      this.#log('warn', `the service manager cannot be notified: ${reason}`),
    );
  }

  /** start begins; the process ends when the gateway has. */
  start(): void {
    // The gateway decides what becomes of a log that nobody reads any more.
    process.stdout.on('error', () => {});
    for (const signal of PASSED_ON) process.on(signal, () => this.#signalled(signal));
    this.#manager?.watch(() => this.#askIfAlive());
    this.#spawn();
  }

  /** Between gateways it is the supervisor that works. A gateway that is there has to answer. */
  #askIfAlive(): void {
    if (this.#child !== null && this.#isAttending) this.#send({ type: 'ping' });
    else this.#manager?.alive();
  }

  #spawn(): void {
    this.#isAttending = false;
    const child = spawn(process.execPath, [...process.execArgv, this.#script, ...this.#args], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [SUPERVISED]: String(process.pid) },
    });
    this.#child = child;
    child.on('message', (message: ToSupervisor, handle: unknown) => this.#heard(message, handle as Handle));
    // Only a process that could not be started has no pid; to one that is ending, a message may fail.
    child.on('error', (error) => {
      if (child.pid === undefined) this.#crashed(`cannot be started (${error.message})`, 1);
    });
    // What it said last may be read after its end is known.
    const silent = new Promise<void>((resolve) => child.once('disconnect', resolve));
    child.once('exit', async (code, signal) => {
      await silent;
      this.#ended(code, signal);
    });
  }

  #heard(message: ToSupervisor, handle: Handle): void {
    switch (message.type) {
      case 'attending':
        this.#isAttending = true;
        break;
      case 'ready':
        this.#serves();
        break;
      case 'reloaded':
        this.#manager?.ready(message.isOk ? 'serving' : 'serving; the last reload failed');
        break;
      case 'pong':
        this.#manager?.alive();
        break;
      case 'claim':
        for (const { handle, ...socket } of this.#sockets.claimed(message.keys, message.threads)) {
          const { thread, key, port } = socket;
          this.#send({ type: 'socket', thread, key, port }, handle);
        }
        this.#send({ type: 'claimed' });
        break;
      case 'keep':
        this.#sockets.keep({ thread: message.thread, key: message.key, port: message.port, handle });
        break;
      case 'drop':
        this.#sockets.drop(message);
        break;
      case 'lost':
        this.#sockets.dropWhere(({ thread }) => thread === message.thread);
        break;
      case 'release':
        this.#sockets.dropWhere(() => true);
        this.#send({ type: 'released' });
        break;
    }
  }

  #serves(): void {
    this.#hasServed = true;
    this.#restarts.ready();
    this.#manager?.ready('serving');
    this.#log('debug', `the gateway serves, as process ${this.#child!.pid}`);
    if (this.#crashedMs !== null) {
      const took = Math.round(performance.now() - this.#crashedMs);
      this.#crashedMs = null;
      this.#log('warn', `the gateway was restarted as process ${this.#child!.pid} and serves again after ${took} ms`);
    }
    if (this.#isReloadDue) this.#pass('SIGHUP');
    this.#isReloadDue = false;
  }

  #signalled(signal: (typeof PASSED_ON)[number]): void {
    const child = this.#child;
    if (signal === 'SIGTERM' || signal === 'SIGINT') this.#stop(signal);
    else if (signal !== 'SIGHUP') child?.kill(signal);
    else this.#reload();
  }

  #reload(): void {
    this.#manager?.reloading();
    if (this.#isAttending) this.#pass('SIGHUP');
    else this.#isReloadDue = true;
  }

  #stop(signal: 'SIGTERM' | 'SIGINT'): void {
    const child = this.#child;
    this.#stops++;
    this.#manager?.stopping('completing open requests');
    if (child === null) {
      clearTimeout(this.#waiting);
      this.#log('info', `${signal}: stopped; the gateway had crashed, and was not running`);
      this.#exit(0);
      return;
    }
    if (this.#isAttending) this.#pass(signal);
    // It has begun to start, and can be ended like any other program.
    else child.kill(signal);
    if (this.#stops > 1) setTimeout(() => child.kill('SIGKILL'), AT_ONCE_MS).unref();
  }

  #pass(signal: NodeJS.Signals): void {
    this.#send({ type: 'signal', signal });
  }

  #send(message: ToGateway, handle?: Handle): void {
    // A channel that has closed means that the child is ending: `exit` follows.
    if (this.#child?.connected === true) this.#child.send(message, handle as never, {}, () => {});
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    const isCrash = signal === null ? code !== 0 && this.#hasServed : CRASHES.has(signal);
    if (this.#stops > 0 || !isCrash) {
      if (signal === null) this.#exit(code ?? 1);
      else this.#exitBy(signal);
      return;
    }
    const how = signal === null ? `ended with code ${code}` : `crashed (${signal})`;
    this.#crashed(how, signal === null ? code! : 128 + constants.signals[signal]);
  }

  /** crashed starts it again, or gives up and exits with `code`. */
  #crashed(how: string, code: number): void {
    this.#child = null;
    this.#isAttending = false;
    const now = performance.now();
    this.#crashedMs ??= now;
    const delayMs = this.#restarts.crashed();
    const { crashes, failedStarts } = this.#restarts;
    if (delayMs === null) {
      this.#log('fatal', `the gateway ${how} before it served, ${MOST_FAILED_STARTS} times in a row; given up`);
      this.#exit(code);
      return;
    }
    const count = failedStarts === 0 ? `crash ${crashes}` : `failed start ${failedStarts} of ${MOST_FAILED_STARTS}`;
    this.#manager?.status(`restarting: the gateway ${how}`);
    const when = delayMs === 0 ? 'at once' : `in ${delayMs} ms`;
    this.#log('error', `the gateway ${how}; it is restarted ${when}, ${count}`);
    this.#waiting = setTimeout(() => this.#spawn(), delayMs);
  }

  /** exit lets what was logged be read, and leaves. */
  #exit(code: number): void {
    process.exitCode = code;
    process.stdout.write('', () => process.exit(code));
  }

  /** exitBy ends as the gateway did, so that whoever waits for the command sees the same. */
  #exitBy(signal: NodeJS.Signals): void {
    process.removeAllListeners(signal);
    process.stdout.write('', () => {
      // The first process of a container has no default for signals; and a core of the supervisor is of no use.
      if (!CRASHES.has(signal) || signal === 'SIGKILL') process.kill(process.pid, signal);
      setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
    });
  }
}
