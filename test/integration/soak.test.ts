/**
 * Soak: clients that ask, pipeline, upload, dawdle, hang up and reset, all at once, before servers that do the same. Whoever
 * waits for an answer gets its own, and when all have gone nothing is left open.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Choice,
  chooser,
  connectTo,
  eventually,
  ok,
  plainRules,
  RawServer,
  type Script,
  startGateway,
  type Wire,
} from '../kit/index.ts';

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Answers with what was asked, sooner or later, in one way or another, and sometimes hangs up afterwards. */
const moody =
  (choice: Choice): Script =>
  async (wire) => {
    for (;;) {
      const { method, target, body } = await wire.request();
      await turns(choice.below(4));
      const text = `${method} ${target} ${body.length}`;
      const chunks = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
      if (method === 'HEAD') wire.send(`HTTP/1.1 200 OK\r\nX-Text: ${text}\r\nContent-Length: ${text.length}\r\n\r\n`);
      else if (choice.below(2) === 0) wire.send(chunks);
      else await wire.sendInPieces(ok(text), 1 + choice.below(60));
      wire.forget();
      if (choice.below(12) === 0) return void wire.end();
    }
  };

/** One thing that a client does with a connection. Returns false when the connection is of no more use. */
async function act(wire: Wire, id: string, choice: Choice): Promise<boolean> {
  const get = (name: string, method = 'GET') => `${method} /${id}/${name} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const expect = async (text: string) => {
    const answer = await wire.answer();
    assert.equal(answer.status, 200, `${text}: ${answer.status}`);
    assert.equal(answer.body.toString('latin1'), text);
    wire.forget();
  };
  const size = choice.below(5000);
  switch (choice.below(8)) {
    case 0:
      for (let at = 0; at < 5; at++) wire.send(get(`pipe-${at}`));
      for (let at = 0; at < 5; at++) await expect(`GET /${id}/pipe-${at} 0`);
      return true;
    case 1: {
      wire.send(get('head', 'HEAD'));
      const answer = await wire.answer({ to: 'HEAD' });
      assert.equal(answer.fields.find(([name]) => name === 'X-Text')?.[1], `HEAD /${id}/head 0`);
      return true;
    }
    case 2: {
      // POST is not sent again when a server hangs up on it, so 502 is an honest answer.
      await wire.sendInPieces(
        `POST /${id}/up HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`,
        900,
      );
      const answer = await wire.answer();
      if (answer.status !== 502) assert.equal(answer.body.toString('latin1'), `POST /${id}/up ${size}`);
      return answer.status !== 502;
    }
    case 3: {
      const chunk = `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;
      wire.send(
        `PUT /${id}/chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${size === 0 ? '' : chunk}0\r\n\r\n`,
      );
      const answer = await wire.answer();
      if (answer.status !== 502) assert.equal(answer.body.toString('latin1'), `PUT /${id}/chunks ${size}`);
      return answer.status !== 502;
    }
    case 4:
      wire.send(get('hang-up'));
      await turns(choice.below(6));
      if (choice.below(2) === 0) wire.reset();
      else wire.destroy();
      return false;
    case 5:
      wire.send(`POST /${id}/half HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf`);
      await turns(choice.below(6));
      wire.reset();
      return false;
    default:
      await wire.sendInPieces(get('plain'), 1 + choice.below(40));
      await expect(`GET /${id}/plain 0`);
      return true;
  }
}

for (const threads of [0, 2]) {
  test(`everybody gets their own answers, and nothing stays open (threads: ${threads})`, async () => {
    const servers = await Promise.all([1, 2, 3].map((seed) => RawServer.start(moody(chooser(seed)))));
    const rules = plainRules(
      servers.map((server) => server.address),
      '',
      'stick on cookie sid',
    );
    const { gateway, address, stop } = await startGateway(rules, threads);
    let acts = 0;
    const client = async (seed: number) => {
      const choice = chooser(seed + 100);
      while (acts < 3000) {
        const wire = await connectTo(address);
        let isOpen = true;
        while (isOpen && acts < 3000) isOpen = await act(wire, `c${seed}-${acts++}`, choice);
        wire.destroy();
      }
    };
    try {
      await Promise.all(Array.from({ length: 24 }, (_, seed) => client(seed)));
      await eventually('all to be closed', () => {
        const { listeners, backends } = gateway.stats();
        const open = listeners.reduce((sum, listener) => sum + listener.openConnections, 0);
        const busy = backends.flatMap((backend) => backend.servers).reduce((sum, server) => sum + server.open, 0);
        return open === 0 && busy === 0;
      });
      for (const server of servers)
        assert.deepEqual(
          server.faults.filter((fault) => fault.name === 'Malformed'),
          [],
        );
    } finally {
      await stop();
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
}
