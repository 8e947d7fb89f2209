/**
 * Stage: one gateway in front of one scripted server, set up once for a file of cases. Test code.
 *
 *     const stage = await openStage();
 *     after(() => stage.close());
 *     test('…', async () => {
 *       stage.server.play(answering());
 *       const client = await stage.client();
 *       client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
 *       equal((await client.answer()).status, 200);
 *     });
 */
import assert from 'node:assert/strict';
import { plainRules, startGateway, startPlainGateway, type TestGateway } from './gateway.ts';
import { quote, readRequests } from './http-message.ts';
import { answering, RawServer } from './raw-server.ts';
import { connectTo, type Wire } from './wire.ts';

export class Stage {
  readonly server: RawServer;
  readonly gateway: TestGateway;
  #clients: Wire[] = [];
  #probes = 0;

  constructor(server: RawServer, gateway: TestGateway) {
    this.server = server;
    this.gateway = gateway;
  }

  /** client opens a connection to the gateway. Closed with the stage, or by the next `clear`. */
  async client(): Promise<Wire> {
    const wire = await connectTo(this.gateway.address);
    this.#clients.push(wire);
    return wire;
  }

  /** ask sends bytes over a new connection and waits for the first answer. */
  async ask(bytes: string, to = 'GET') {
    const client = await this.client();
    client.send(bytes);
    return client.answer({ to });
  }

  /**
   * refused sends bytes and asserts that they are answered with one of the statuses, that the connection is closed then,
   * and that the server behind never saw a byte: of all it received, only a good request sent afterwards is there.
   */
  async refused(bytes: string | Buffer, statuses: readonly number[], pieces = 0): Promise<void> {
    this.server.play(answering());
    const client = await this.client();
    if (pieces > 0) await client.sendInPieces(bytes, pieces);
    else client.send(bytes);
    const answer = await client.answer();
    assert.ok(statuses.includes(answer.status), `answered ${answer.status}, not ${statuses.join(' or ')}`);
    await client.closed();
    assert.equal(client.pending.toString('latin1'), '', 'nothing follows the refusal');
    const target = await this.probe();
    const seen = this.server.requests().map((request) => request.target);
    assert.deepEqual(seen, [target], `the server saw ${quote(this.server.received)}`);
    this.clear();
  }

  /** probe sends a good request over a new connection, asserts its answer, and returns its target. */
  async probe(): Promise<string> {
    const target = `/probe-${++this.#probes}`;
    const answer = await this.ask(`GET ${target} HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n`);
    assert.equal(answer.status, 200, 'a good request is answered');
    assert.equal(answer.body.toString('latin1'), target, 'with its own answer');
    return target;
  }

  /** wellFormed asserts that everything the server received is whole requests and at most the beginning of one more. */
  wellFormed(): void {
    for (const wire of this.server.wires) {
      const { fault } = readRequests(wire.received);
      assert.equal(fault, null, `${fault?.message}: ${quote(wire.received.toString('latin1'))}`);
    }
  }

  /** clear closes the clients that are left. */
  clear(): void {
    for (const client of this.#clients) client.destroy();
    this.#clients = [];
  }

  async close(): Promise<void> {
    this.clear();
    await this.gateway.stop();
    await this.server.stop();
  }
}

/** openStage starts both; `listener` and `backend` are more lines for the rule file's blocks. */
export async function openStage(listener = '', backend = ''): Promise<Stage> {
  const server = await RawServer.start();
  const isPlain = listener === '' && backend === '';
  const gateway = isPlain
    ? await startPlainGateway(server.address)
    : await startGateway(plainRules([server.address], listener, backend));
  return new Stage(server, gateway);
}
