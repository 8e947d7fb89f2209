/**
 * Supervised: the gateway's end of the channel to its supervisor. Main thread.
 */
import { EXIT_PROBLEM } from '../exit-codes.ts';
import { type SignalMessage, type StateMessage, SUPERVISED } from './messages.ts';

export interface Orders {
  /** A signal that the supervisor got. Listeners of the process hear it next, as if the system had delivered it. */
  signalled(signal: NodeJS.Signals): void;
  /** The supervisor is gone. */
  left(): void;
}

export class Supervised {
  /** current returns the channel of this process; null: nobody supervises it. Call it once: the environment forgets. */
  static current(): Supervised | null {
    const isSupervised = process.env[SUPERVISED] !== undefined && process.send !== undefined;
    // Programs that the gateway or its plugins start have no supervisor.
    delete process.env[SUPERVISED];
    return isSupervised ? new Supervised() : null;
  }

  #left = (): void => process.exit(EXIT_PROBLEM);

  private constructor() {
    // Until there is a gateway, there is nothing to end in good order.
    process.once('disconnect', () => this.#left());
    process.channel?.unref();
  }

  /** attend has the orders carried out from now on, those that came before too. */
  attend(orders: Orders): void {
    process.on('message', ({ signal }: SignalMessage) => {
      orders.signalled(signal);
      process.emit(signal, signal);
    });
    this.#left = () => orders.left();
    // The channel keeps no process alive, which a listener for its messages would.
    process.channel?.unref();
    this.#tell('attending');
    if (!process.connected) orders.left();
  }

  /** ready: the gateway serves. */
  ready(): void {
    this.#tell('ready');
  }

  #tell(state: StateMessage['state']): void {
    const message: StateMessage = { state };
    // Without a supervisor there is nobody to tell, and `disconnect` says so.
    if (process.connected) process.send!(message, undefined, undefined, () => {});
  }
}
