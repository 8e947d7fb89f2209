/**
 * Sink: where one side of an exchange takes what the other side has read. Data plane.
 *
 * HTTP/1 and tunnels write to a connection; a wire with many streams on a connection has one for each stream.
 */
import type { BodySink } from '../transport/body-sink.ts';

export interface Sink extends BodySink {
  /**
   * It has not taken everything yet: whoever feeds it stops reading, and the side that the sink belongs to tells the
   * exchange when there is room again.
   */
  readonly isFull: boolean;
  /** lastFollows: the next bytes end a body of known length, and no trailers come behind them. */
  lastFollows?(): void;
  /** flush sends on what was gathered. Call it at the end of every turn that wrote. */
  flush(): void;
}
