/**
 * KnownServers: finds what is known of a machine under another name. Main thread.
 *
 * A server that is renamed is the same server, and so is one that another backend asks in the same way. The index is made when
 * somebody is first looked for: most reloads bring no new servers.
 */

/** KnownServer is what a machine is told by. */
export interface KnownServer {
  readonly backend: string;
  /** As JSON. */
  readonly address: string;
  /** The check and its options as text; null: none. */
  readonly check: string | null;
}

export class KnownServers<Server extends KnownServer> {
  readonly #servers: Iterable<Server>;
  #byAddress: Map<string, Server[]> | null = null;

  constructor(servers: Iterable<Server>) {
    this.#servers = servers;
  }

  /** find is a server at this address: of the same backend, whatever its check was, or else of any with the same check. */
  find(backend: string, address: string, check: string): Server | null {
    this.#byAddress ??= index(this.#servers);
    const here = this.#byAddress.get(address) ?? [];
    const own = here.find((server) => server.backend === backend && server.check !== null);
    return own ?? here.find((server) => server.check === check) ?? null;
  }
}

function index<Server extends KnownServer>(servers: Iterable<Server>): Map<string, Server[]> {
  const byAddress = new Map<string, Server[]>();
  for (const server of servers) {
    const here = byAddress.get(server.address);
    if (here === undefined) byAddress.set(server.address, [server]);
    else here.push(server);
  }
  return byAddress;
}
