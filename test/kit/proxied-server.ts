/**
 * ProxiedServer is a scripted backend whose connections begin with a PROXY header: it keeps what each header said. Test code.
 */
import {
  NO_PROXY_HEADER,
  PROXY_NEEDS_MORE,
  type ProxiedConnection,
  ProxyReader,
} from '../../core/src/data/proxy/proxy-reader.ts';
import { RawServer, type Script } from './raw-server.ts';
import type { Wire } from './wire.ts';

export class ProxiedServer {
  readonly raw: RawServer;
  /** What each connection's header said, in the order of their ends. */
  readonly headers: readonly ProxiedConnection[];
  /** The headers themselves, as latin1. */
  readonly texts: readonly string[];

  private constructor(raw: RawServer, headers: readonly ProxiedConnection[], texts: readonly string[]) {
    this.raw = raw;
    this.headers = headers;
    this.texts = texts;
  }

  /** start plays the script on each connection once its header has come. */
  static async start(script: (wire: Wire, header: ProxiedConnection) => Promise<void>): Promise<ProxiedServer> {
    const headers: ProxiedConnection[] = [];
    const texts: string[] = [];
    const play: Script = async (wire) => {
      const reader = new ProxyReader();
      for (;;) {
        const header = reader.read(await wire.bytes(1));
        if (header === PROXY_NEEDS_MORE) continue;
        if (header === NO_PROXY_HEADER) throw new Error('there is no PROXY header');
        texts.push(wire.received.toString('latin1', 0, wire.received.length - wire.pending.length));
        headers.push(header);
        await script(wire, header);
        return;
      }
    };
    return new ProxiedServer(await RawServer.start(play), headers, texts);
  }

  get port(): number {
    return this.raw.address.port;
  }

  stop(): Promise<void> {
    return this.raw.stop();
  }
}
