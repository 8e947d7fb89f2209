/**
 * Messages: what the supervisor and its gateway say to each other over their channel. Both processes.
 */

/** SUPERVISED names the environment variable that tells a gateway that it has a supervisor. */
export const SUPERVISED = 'SLUICE_SUPERVISED';

/** A signal for the gateway. It comes as a message, so that it waits for a gateway that is still starting and cannot kill it. */
export interface SignalMessage {
  readonly signal: NodeJS.Signals;
}

/** How far the gateway is: `attending` to messages, and then `ready`, with all its listeners open. */
export interface StateMessage {
  readonly state: 'attending' | 'ready';
}
