/**
 * ServiceManager: what the command says to the service manager that started it, by the protocol of systemd (sd_notify(3)): that it is
 * ready, reloads or stops, and that it is alive. In the process that the service manager started: the supervisor's, or the gateway's where it
 * has none.
 *
 * Node.js has no datagram sockets of Unix, so `systemd-notify` sends them, which every system with systemd has. It takes a few
 * milliseconds of another process per message. Units need `NotifyAccess=all`, because that process is not the one that was started.
 */
import { execFile } from 'node:child_process';

/** What a service manager that has no notion of time zones compares reloads by: CLOCK_MONOTONIC, in microseconds. */
const monotonicMicros = (): bigint => process.hrtime.bigint() / 1_000n;

export class ServiceManager {
  /**
   * current returns the service manager of this process; null: none that listens (NOTIFY_SOCKET). Call it once: the environment forgets, so
   * that programs started later do not take messages upon themselves. `onTrouble` gets the reason, once, when nothing can be sent.
   */
  static current(onTrouble: (reason: string) => void): ServiceManager | null {
    const { NOTIFY_SOCKET: socket, WATCHDOG_PID: pid, WATCHDOG_USEC: micros } = process.env;
    delete process.env.NOTIFY_SOCKET;
    delete process.env.WATCHDOG_PID;
    delete process.env.WATCHDOG_USEC;
    if (socket === undefined || socket === '') return null;
    const isMeant = pid === undefined || Number(pid) === process.pid;
    return new ServiceManager(socket, isMeant ? Number(micros ?? 0) / 1_000 : 0, onTrouble);
  }

  readonly #socket: string;
  readonly #watchdogMs: number;
  readonly #onTrouble: (reason: string) => void;
  /** Messages go one after the other: a process that was started later could be faster. */
  #last: Promise<void> = Promise.resolve();
  #isTroubled = false;

  private constructor(socket: string, watchdogMs: number, onTrouble: (reason: string) => void) {
    this.#socket = socket;
    this.#watchdogMs = watchdogMs;
    this.#onTrouble = onTrouble;
  }

  /** ready: the gateway serves, for the first time or after a reload. */
  ready(status: string): void {
    this.#send('READY=1', `STATUS=${status}`, `MAINPID=${process.pid}`);
  }

  /** reloading: `ready` will follow, whether the reload succeeds or not. */
  reloading(): void {
    this.#send('RELOADING=1', `MONOTONIC_USEC=${monotonicMicros()}`, 'STATUS=reloading');
  }

  /** stopping resolves when the message has been sent: nobody waits for it once the process has ended. */
  stopping(status: string): Promise<void> {
    return this.#send('STOPPING=1', `STATUS=${status}`);
  }

  /** status shows one line in `systemctl status`. */
  status(status: string): void {
    this.#send(`STATUS=${status}`);
  }

  /** alive: this process and its gateway work. To be said as often as `watch` asks. */
  alive(): void {
    this.#send('WATCHDOG=1');
  }

  /** watch asks twice in the time that the watchdog allows (`WatchdogSec=`), from now on, if there is one. */
  watch(ask: () => void): void {
    if (this.#watchdogMs > 0) setInterval(ask, this.#watchdogMs / 2).unref();
  }

  #send(...variables: readonly string[]): Promise<void> {
    const env = { ...process.env, NOTIFY_SOCKET: this.#socket };
    this.#last = this.#last.then(
      () =>
        new Promise((resolve) => {
          execFile('systemd-notify', [...variables], { env, timeout: 5_000 }, (error) => {
            if (error !== null && !this.#isTroubled) {
              this.#isTroubled = true;
              this.#onTrouble(error.message.trim());
            }
            resolve();
          });
        }),
    );
    return this.#last;
  }
}
