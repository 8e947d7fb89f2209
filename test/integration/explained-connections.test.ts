/**
 * What `explain` says of a connection is what becomes of it, for every address, name and protocol of a small world.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientHello, connectTo, eventually, protocols, RawServer, serverName, startGateway } from '../kit/index.ts';

const IPS = ['127.0.0.1', '127.0.0.2', '127.0.1.9'];
const NAMES = ['', 'a.example', 'A.example.', 'x.a.example', 'b.example', '192.0.2.1'];
const PROTOCOLS: readonly (readonly string[])[] = [[], ['h2'], ['imap', 'h2'], ['http/1.1']];

const TCP = `tcp {
  tls passthrough
  tls passthrough to one when sni b.example and ip near
  deny ip 127.0.0.2 and (alpn absent or not alpn h2)
  deny sni absent and alpn present
  send to two when sni like *.a.example or every alpn is h2
  send to one when sni matches r"^a"
  otherwise send to three
`;
const MIXED = `{
  tls passthrough to one when sni b.example and ip near
  tls passthrough to two when alpn imap and not ip 127.0.0.2
  tls passthrough to three when sni ends .example and sni present and not sni is a.example and alpn absent
  tls terminate self-signed for edge.example
  otherwise deny
`;

for (const [what, lines] of Object.entries({ 'a tcp listener': TCP, 'a listener that ends TLS too': MIXED })) {
  for (const threads of [0, 2]) {
    test(`${what} agrees with explain, on ${threads} threads`, { timeout: 120_000 }, async (t) => {
      const names = ['one', 'two', 'three'];
      const servers = await Promise.all(
        names.map((name) =>
          RawServer.start(async (wire) => {
            wire.send(name);
            await wire.closed();
            wire.end();
          }),
        ),
      );
      const backends = names.map((name, at) => `backend ${name} of 127.0.0.1:${servers[at]!.address.port}`).join('\n');
      const rules = `list near = ips 127.0.0.0/24\nlistener web on 127.0.0.1:0 ${lines}}\n${backends}\n`;
      const { gateway, address, stop } = await startGateway(rules, threads);
      t.after(async () => {
        await stop();
        for (const server of servers) await server.stop();
      });
      const seen = new Set<string>();
      for (const ip of IPS) {
        for (const name of NAMES) {
          for (const offered of PROTOCOLS) {
            const said = `${name === '' ? '' : ` sni ${name.replace(/\.$/, '')}`}${offered.length === 0 ? '' : ` alpn ${offered.join(' ')}`}`;
            const line = `tcp to :${address.port}${said} from ${ip}`;
            const { verdict } = await gateway.explain(line);
            const expected = verdict.kind === 'send' ? verdict.backend : verdict.kind;
            const hello = [name === '' ? null : serverName(name), offered.length === 0 ? null : protocols(...offered)];
            const client = await connectTo(address, ip);
            client.send(clientHello(...hello.filter((one) => one !== null))).end();
            await client.closed();
            client.destroy();
            const bytes = client.received.toString('latin1');
            // An alert of the gateway's own, or its hello.
            const isOpened = [21, 22].includes(client.received[0] ?? 0);
            const got = bytes === '' ? 'close' : isOpened ? 'open' : bytes;
            assert.equal(got, expected, line);
            seen.add(got);
          }
        }
      }
      assert.deepEqual([...seen].toSorted(), [lines === TCP ? 'close' : 'open', 'one', 'three', 'two'].toSorted());
      await eventually('everything to be given back', () => gateway.stats().listeners[0]!.openConnections === 0);
    });
  }
}
