/**
 * Supervisor: the process of `sluice run` that starts the gateway as its child, again when that has crashed, and a new one beside it for an
 * upgrade. It is all that runs in its process, and imports nothing of the gateway's: what crashes that must not be here, and it has to be small.
 *
 * To whoever started the command, it is the gateway: signals go through it, and it ends as its child has ended. The child notices when
 * the channel between them closes, so it never outlives its supervisor for longer than its requests take.
 */
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { ActivatedSocket } from './activated-sockets.ts';
import { endingOf, GatewayProcess, isCrashSignal } from './gateway-process.ts';
import { type Handle, type KeptSocket, KeptSockets } from './kept-sockets.ts';
import { type ToSupervisor, UPGRADED_FROM, type WantedSocket } from './messages.ts';
import { MOST_FAILED_STARTS, Restarts } from './restarts.ts';
import { ServiceManager } from './service-manager.ts';
import { type SupervisorLog, supervisorLog } from './supervisor-log.ts';

/** How long a gateway that was told to stop at once may take to do so. */
const AT_ONCE_MS = 5_000;
/** How long a new gateway may take to get ready before an upgrade is given up. */
const UPGRADE_LIMIT_MS = 60_000;
/** Signals that would end the process, and that the supervisor or the gateway has its own mind about. */
const SIGNALS = ['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const;

/** A new gateway that is to take over. */
interface Upgrade {
  readonly successor: GatewayProcess;
  readonly limit: NodeJS.Timeout;
  /** Who asked for it by its admin API, and waits for an answer; null: it was a signal. */
  readonly asker: GatewayProcess | null;
  /** The state of the one that serves, for the new one, which deletes it; null: it has not been written. */
  stateFile: string | null;
  /** Why it is being given up; null: it is not. */
  problem: string | null;
}

export class Supervisor {
  readonly #script: string;
  readonly #args: readonly string[];
  readonly #log: SupervisorLog;
  readonly #manager: ServiceManager | null;
  /** What a service manager has given, by the names of listeners. */
  #activated: ReadonlyMap<string, readonly ActivatedSocket[]> = new Map();
  readonly #restarts = new Restarts(() => performance.now());
  /** The one that serves, or is starting; null: it has crashed. */
  #gateway: GatewayProcess | null = null;
  #upgrade: Upgrade | null = null;
  /** Those that an upgrade has replaced, while they complete their requests. */
  readonly #retired = new Set<GatewayProcess>();
  /** The sockets of a gateway that crashed, for the next one. */
  #orphans = new KeptSockets();
  /** Data threads of the last gateway that said so. */
  #threads = 0;
  /** The gateway serves, and has not crashed since. */
  #isServing = false;
  /** A gateway has served, now or before it crashed. */
  #hasServed = false;
  #waiting: NodeJS.Timeout | undefined;
  /** Signals to stop so far. */
  #stops = 0;
  #crashedMs: number | null = null;
  /** A reload was asked for while there was no gateway that could be told. */
  #isReloadDue = false;
  /** How to end, once those that were replaced have ended. */
  #ending: (() => void) | null = null;

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
    for (const signal of SIGNALS) process.on(signal, () => this.#signalled(signal));
    this.#manager?.watch(() => this.#askIfAlive());
    if (process.env.LISTEN_FDS === undefined) this.#startGateway();
    else void this.#startActivated();
  }

  /** The module is loaded only where a service manager has given sockets: it brings all of Node's networking. */
  async #startActivated(): Promise<void> {
    try {
      const { activatedSockets } = await import('./activated-sockets.ts');
      this.#activated = activatedSockets();
    } catch (thrown) {
      this.#log('fatal', `not started: ${(thrown as Error).message}`);
      this.#exit(1);
      return;
    }
    if (this.#stops === 0) this.#startGateway();
  }

  /** Between gateways it is the supervisor that works. A gateway that is there has to answer. */
  #askIfAlive(): void {
    if (this.#gateway?.isAttending === true) this.#gateway.send({ type: 'ping' });
    else this.#manager?.alive();
  }

  #startGateway(): void {
    const gateway = this.#spawn({});
    gateway.sockets = this.#orphans;
    this.#orphans = new KeptSockets();
    this.#gateway = gateway;
  }

  #spawn(env: Readonly<Record<string, string>>): GatewayProcess {
    const gateway = new GatewayProcess({
      ...{ script: this.#script, args: this.#args, env },
      onMessage: (message, handle) => this.#heard(gateway, message, handle),
      onEnded: (code, signal) => this.#ended(gateway, code, signal),
      onUnstartable: (reason) => this.#unstartable(gateway, reason),
    });
    return gateway;
  }

  #heard(gateway: GatewayProcess, message: ToSupervisor, handle: Handle): void {
    switch (message.type) {
      case 'ready':
        if (gateway === this.#upgrade?.successor) this.#takeOver(message.version);
        else if (gateway === this.#gateway) this.#serves();
        break;
      case 'reloaded':
        this.#manager?.ready(message.isOk ? 'serving' : 'serving; the last reload failed');
        break;
      case 'pong':
        this.#manager?.alive();
        break;
      case 'upgrade':
        this.#startUpgrade(gateway);
        break;
      case 'want-state':
        if (gateway !== this.#upgrade?.successor) break;
        if (this.#gateway === null) gateway.send({ type: 'state', file: null });
        else this.#gateway.send({ type: 'export' });
        break;
      case 'exported':
        this.#handState(message.file);
        break;
      case 'claim':
        this.#claim(gateway, message.wanted, message.threads);
        break;
      case 'lend':
        for (const { key, handle } of gateway.sockets.lent()) gateway.send({ type: 'lent', key }, handle);
        gateway.send({ type: 'claimed' });
        break;
      case 'keep':
        {
          const { thread, key, port, isFile } = message;
          gateway.sockets.keep({ thread, key, port, isFile, isLent: false, handle });
        }
        break;
      case 'drop':
        gateway.sockets.drop(message);
        break;
      case 'lost':
        gateway.sockets.dropWhere(({ thread }) => thread === message.thread);
        break;
      case 'release':
        gateway.sockets.dropWhere(() => true);
        gateway.send({ type: 'released' });
        break;
    }
  }

  #claim(gateway: GatewayProcess, wanted: readonly WantedSocket[], threads: number): void {
    const isSuccessor = gateway === this.#upgrade?.successor;
    if (!isSuccessor) this.#threads = threads;
    const before = this.#gateway?.sockets ?? this.#orphans;
    const keys = wanted.map(({ key }) => key);
    const claimed = isSuccessor ? before.share(gateway.sockets, keys, threads) : gateway.sockets.claim(keys, threads);
    claimed.push(...this.#lend(gateway, wanted, threads));
    for (const { thread, key, port, isLent, handle } of claimed) {
      gateway.send({ type: 'socket', thread, key, port, isLent }, handle);
    }
    gateway.send({ type: 'claimed' });
  }

  /** lend gives a gateway those sockets of the service manager that it wants and does not have yet: one reference for each thread. */
  #lend({ sockets }: GatewayProcess, wanted: readonly WantedSocket[], threads: number): KeptSocket[] {
    const lent: KeptSocket[] = [];
    for (const { key, listener, index } of wanted) {
      const activated = this.#activated.get(listener)?.[index];
      if (activated === undefined || sockets.has(key)) continue;
      // Of a Unix socket the gateway chooses the thread that has it.
      for (let thread = 0; thread < threads; thread++) {
        lent.push({ thread, key, ...activated, isFile: false, isLent: true });
      }
    }
    for (const socket of lent) sockets.keep(socket);
    const listeners = new Set(wanted.map(({ listener }) => listener));
    for (const name of this.#activated.keys()) {
      if (!listeners.has(name))
        this.#log('warn', `the socket ${name} from the service manager is used by no listener: none has this name`);
    }
    return lent;
  }

  #serves(): void {
    const { pid } = this.#gateway!;
    this.#isServing = true;
    this.#hasServed = true;
    this.#restarts.ready();
    this.#manager?.ready('serving');
    this.#log('debug', `the gateway serves, as process ${pid}`);
    if (this.#crashedMs !== null) {
      const took = Math.round(performance.now() - this.#crashedMs);
      this.#crashedMs = null;
      this.#log('warn', `the gateway was restarted as process ${pid} and serves again after ${took} ms`);
    }
    this.#reloadIfDue();
  }

  #signalled(signal: (typeof SIGNALS)[number]): void {
    if (signal === 'SIGTERM' || signal === 'SIGINT') this.#stop(signal);
    else if (signal === 'SIGHUP') this.#reload();
    else if (signal === 'SIGUSR1') this.#reopenLogs();
    else if (signal === 'SIGUSR2') this.#startUpgrade(null);
  }

  /** reopenLogs: to a process that does not listen yet, Node would attach its debugger; one that starts opens its logs anyway. */
  #reopenLogs(): void {
    for (const gateway of [this.#gateway, this.#upgrade?.successor]) {
      if (gateway?.isAttending === true) gateway.send({ type: 'signal', signal: 'SIGUSR1' });
    }
  }

  #reload(): void {
    this.#manager?.reloading();
    this.#isReloadDue = true;
    if (this.#upgrade === null && this.#gateway?.isAttending === true) this.#reloadIfDue();
  }

  #reloadIfDue(): void {
    if (this.#isReloadDue) this.#gateway?.send({ type: 'signal', signal: 'SIGHUP' });
    this.#isReloadDue = false;
  }

  /** startUpgrade starts what is on disk now, beside the gateway that serves. */
  #startUpgrade(asker: GatewayProcess | null): void {
    const refusal = this.#upgradeRefusal();
    if (refusal !== null) {
      this.#log('warn', `not upgraded: ${refusal}`);
      asker?.send({ type: 'upgraded', problem: refusal });
      return;
    }
    const successor = this.#spawn({ [UPGRADED_FROM]: String(this.#threads) });
    const limit = setTimeout(() => {
      this.#giveUp(`it was not ready after ${UPGRADE_LIMIT_MS / 1000} s`, 'SIGKILL');
    }, UPGRADE_LIMIT_MS);
    this.#upgrade = { successor, limit, asker, stateFile: null, problem: null };
    this.#manager?.status('upgrading');
    this.#log('info', `upgrading: a new gateway starts as process ${successor.pid}`);
  }

  #upgradeRefusal(): string | null {
    if (this.#stops > 0) return 'the gateway is stopping';
    if (this.#upgrade !== null) return 'another upgrade is under way';
    return this.#isServing ? null : 'the gateway does not serve yet';
  }

  /** takeOver: the new gateway serves. The old one completes its requests. */
  #takeOver(version: string): void {
    const { successor, limit, asker, problem } = this.#upgrade!;
    if (problem !== null) return;
    clearTimeout(limit);
    this.#upgrade = null;
    const old = this.#gateway;
    const left = old?.sockets ?? this.#orphans;
    left.leave(successor.sockets);
    this.#gateway = successor;
    if (old === null) left.dropWhere(() => true);
    else {
      this.#retired.add(old);
      this.#log('info', `upgraded to version ${version}: process ${successor.pid} serves`);
    }
    asker?.send({ type: 'upgraded', problem: null });
    old?.send({ type: 'retire' });
    this.#serves();
  }

  /** giveUp ends an upgrade that has come to nothing; what is to be said of it is said when its process has ended. */
  #giveUp(problem: string, signal: NodeJS.Signals): void {
    if (this.#upgrade === null) return;
    this.#upgrade.problem ??= problem;
    this.#upgrade.successor.kill(signal);
  }

  #handState(file: string | null): void {
    if (this.#upgrade === null) deleteState(file);
    else {
      this.#upgrade.stateFile = file;
      this.#upgrade.successor.send({ type: 'state', file });
    }
  }

  #upgradeFailed(reason: string): void {
    const { successor, limit, asker, stateFile, problem } = this.#upgrade!;
    clearTimeout(limit);
    // It may have ended before it read the file.
    deleteState(stateFile);
    this.#upgrade = null;
    const why = problem ?? reason;
    successor.sockets.leave(this.#gateway?.sockets ?? this.#orphans);
    successor.sockets.dropWhere(() => true);
    asker?.send({ type: 'upgraded', problem: `the new gateway did not get ready: ${why}` });
    if (this.#stops > 0) return;
    this.#log('error', `the upgrade failed, the old gateway goes on: the new one did not get ready: ${why}`);
    if (this.#gateway === null) {
      this.#restart(`crashed during an upgrade`, 1);
      return;
    }
    this.#manager?.ready('serving; the last upgrade failed');
    this.#reloadIfDue();
  }

  #stop(signal: 'SIGTERM' | 'SIGINT'): void {
    this.#stops++;
    this.#manager?.stopping('completing open requests');
    this.#giveUp(signal, 'SIGKILL');
    const gateway = this.#gateway;
    if (gateway === null) {
      clearTimeout(this.#waiting);
      this.#log('info', `${signal}: stopped; the gateway had crashed, and was not running`);
      this.#end(() => this.#exit(0));
    } else gateway.pass(signal);
    if (this.#stops === 1) return;
    // Those that were replaced are stopping already; a second signal stops them immediately.
    for (const old of this.#retired) old.kill('SIGKILL');
    if (gateway !== null) setTimeout(() => gateway.kill('SIGKILL'), AT_ONCE_MS).unref();
  }

  #ended(gateway: GatewayProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (gateway === this.#upgrade?.successor) this.#upgradeFailed(`it ${endingOf(code, signal)}`);
    else if (this.#retired.delete(gateway)) this.#retiredEnded(gateway, code, signal);
    else this.#gatewayEnded(code, signal);
  }

  #retiredEnded(gateway: GatewayProcess, code: number | null, signal: NodeJS.Signals | null): void {
    gateway.sockets.dropWhere(() => true);
    if (code === 0) this.#log('info', `the replaced gateway, process ${gateway.pid}, has completed its requests`);
    else this.#log('warn', `the replaced gateway, process ${gateway.pid}, ${endingOf(code, signal)}`);
    if (this.#retired.size === 0) this.#ending?.();
  }

  #gatewayEnded(code: number | null, signal: NodeJS.Signals | null): void {
    const isCrash = signal === null ? code !== 0 && this.#hasServed : isCrashSignal(signal);
    if (this.#stops > 0 || !isCrash) {
      this.#giveUp('the old one has ended', 'SIGKILL');
      this.#end(() => (signal === null ? this.#exit(code ?? 1) : this.#exitBy(signal)));
      return;
    }
    this.#crashed(endingOf(code, signal), signal === null ? code! : 128 + constants.signals[signal]);
  }

  #unstartable(gateway: GatewayProcess, reason: string): void {
    if (gateway === this.#upgrade?.successor) this.#upgradeFailed(`it cannot be started (${reason})`);
    else this.#crashed(`cannot be started (${reason})`, 1);
  }

  /** crashed starts it again, or gives up and exits with `code`. */
  #crashed(how: string, code: number): void {
    this.#orphans = this.#gateway!.sockets;
    this.#gateway = null;
    this.#isServing = false;
    this.#crashedMs ??= performance.now();
    if (this.#upgrade === null) {
      this.#restart(how, code);
      return;
    }
    // Another one is on its way. It may be waiting for the state that died with this one.
    this.#upgrade.successor.send({ type: 'state', file: null });
    this.#log('error', `the gateway ${how} during an upgrade; the new one takes its place`);
  }

  #restart(how: string, code: number): void {
    const delayMs = this.#restarts.crashed();
    const { crashes, failedStarts } = this.#restarts;
    if (delayMs === null) {
      this.#log('fatal', `the gateway ${how} before it served, ${MOST_FAILED_STARTS} times in a row; given up`);
      this.#end(() => this.#exit(code));
      return;
    }
    const count = failedStarts === 0 ? `crash ${crashes}` : `failed start ${failedStarts} of ${MOST_FAILED_STARTS}`;
    this.#manager?.status(`restarting: the gateway ${how}`);
    const when = delayMs === 0 ? 'at once' : `in ${delayMs} ms`;
    this.#log('error', `the gateway ${how}; it is restarted ${when}, ${count}`);
    this.#waiting = setTimeout(() => this.#startGateway(), delayMs);
  }

  /** end ends this process once the gateways that were replaced have ended. */
  #end(ending: () => void): void {
    if (this.#retired.size === 0) ending();
    else this.#ending = ending;
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
      if (!isCrashSignal(signal) || signal === 'SIGKILL') process.kill(process.pid, signal);
      setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
    });
  }
}

/** deleteState deletes the file that a gateway's state was written to, with its folder. */
function deleteState(file: string | null): void {
  if (file !== null) rmSync(dirname(file), { recursive: true, force: true });
}
