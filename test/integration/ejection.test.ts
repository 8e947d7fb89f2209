/**
 * What real requests say of servers: one that fails them is ejected for a while, and a backend that fails them is left alone.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { answering, connectTo, eventually, ok, plainRules, RawServer, startGateway } from '../kit/index.ts';
import type { Address } from '../kit/wire.ts';

const SICK = 'HTTP/1.1 503 Sick\r\nContent-Length: 0\r\n\r\n';

/** ask makes one request on a connection of its own. */
async function ask(address: Address): Promise<{ status: number; body: string }> {
  const client = await connectTo(address);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const { status, body } = await client.answer();
  client.destroy();
  return { status, body: body.toString() };
}

for (const threads of [0, 2]) {
  test(`a server that fails requests is ejected, and comes back after its time (threads ${threads})`, async () => {
    let isSick = true;
    const servers = await Promise.all([
      RawServer.start(answering(() => (isSick ? SICK : ok('one')))),
      RawServer.start(answering(() => ok('two'))),
    ]);
    const addresses = servers.map((server) => server.address);
    const lines = 'eject after 3 failures for 300ms\n check tcp every 50ms';
    const { gateway, address, stop } = await startGateway(plainRules(addresses, '', lines), threads);
    try {
      const out = once(gateway, 'server');
      await eventually('an ejection', async () => {
        await ask(address);
        return gateway.stats().backends[0]!.servers[0]!.ejections === 1;
      });
      const [down] = await out;
      assert.deepEqual([down.from, down.to], ['running', 'stopped']);
      assert.equal(down.reason, 'ejected for 0.3 s: 3 failures in a row, the last: status 503');
      const [server] = gateway.stats().backends[0]!.servers;
      if (server!.state === 'stopped') assert.equal(server!.reason, down.reason);
      isSick = false;
      if (server!.state === 'stopped') {
        const [up] = await once(gateway, 'server');
        assert.deepEqual([up.to, up.reason], ['running', 'its ejection is over']);
      }
      await eventually('an answer of the server that is back', async () => (await ask(address)).body === 'one');
    } finally {
      await stop();
      await Promise.all(servers.map((each) => each.stop()));
    }
  });
}

test('a share of recent requests ejects, when enough of them failed', async () => {
  let count = 0;
  const servers = await Promise.all([
    RawServer.start(answering(() => (count++ % 3 === 0 ? ok('one') : 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n'))),
    RawServer.start(answering(() => ok('two'))),
  ]);
  const addresses = servers.map((server) => server.address);
  const line = 'eject over 50% errors of 10 in 60s on 500..599 for 1h';
  const { gateway, address, stop } = await startGateway(plainRules(addresses, '', line));
  try {
    const out = once(gateway, 'server');
    await eventually('an ejection', async () => {
      await ask(address);
      return gateway.stats().backends[0]!.servers[0]!.ejections === 1;
    });
    const [event] = await out;
    assert.match(event.reason, /^ejected for 3600 s: \d+ of 1\d requests failed within 60 s, the last: status 500$/);
    for (let at = 0; at < 5; at++) assert.deepEqual(await ask(address), { status: 200, body: 'two' });
    const { servers: explained } = await gateway.explain('GET http://a/');
    assert.deepEqual([explained[0]!.isUsable, explained[0]!.why], [false, event.reason]);
  } finally {
    await stop();
    await Promise.all(servers.map((each) => each.stop()));
  }
});

test('without another server, one that fails is not ejected', async () => {
  const server = await RawServer.start(answering(() => SICK));
  const { gateway, address, stop } = await startGateway(plainRules([server.address], '', 'eject after 1 failures'));
  try {
    for (let at = 0; at < 5; at++) assert.equal((await ask(address)).status, 503);
    assert.equal(gateway.stats().backends[0]!.servers[0]!.state, 'running');
  } finally {
    await stop();
    await server.stop();
  }
});

for (const threads of [0, 2]) {
  test(`a backend that fails is left alone, then tried, then used (threads ${threads})`, async () => {
    let isSick = true;
    let asked = 0;
    const server = await RawServer.start(
      answering(() => {
        asked++;
        return isSick ? 'HTTP/1.1 502 Sick\r\nContent-Length: 4\r\n\r\nsick' : ok('well');
      }),
    );
    const line = 'break circuit after 3 failures for 300ms';
    const { gateway, address, stop } = await startGateway(plainRules([server.address], '', line), threads);
    const events: { to: string; reason: string }[] = [];
    gateway.on('circuit', ({ backend, to, reason }) => {
      assert.equal(backend, 'app');
      events.push({ to, reason });
    });
    try {
      for (let at = 0; at < 3; at++) assert.deepEqual(await ask(address), { status: 502, body: 'sick' });
      // The gateway's own answer, which no server was asked for.
      const { status } = await ask(address);
      assert.equal(status, 503);
      assert.equal(asked, 3);
      await eventually('the event', () => events.length > 0);
      assert.deepEqual(events[0], { to: 'open', reason: '3 failures in a row, the last: status 502' });
      await eventually('a trial that fails', async () => {
        await ask(address);
        return events.some(({ reason }) => reason.startsWith('the trial failed'));
      });
      isSick = false;
      await eventually('an answer', async () => (await ask(address)).body === 'well');
      await eventually('the event', () => events.at(-1)!.to === 'closed');
      assert.equal(gateway.stats().backends[0]!.circuit, 'closed');
      assert.equal((await ask(address)).body, 'well');
    } finally {
      await stop();
      await server.stop();
    }
  });
}

test('a reload leaves a broken circuit as it is, and one that takes the line away closes it', async () => {
  const server = await RawServer.start(answering(() => SICK));
  const rules = (line: string) => plainRules([server.address], '', line);
  const { gateway, address, stop } = await startGateway(rules('break circuit after 2 failures for 1h'));
  const circuit = () => gateway.stats().backends[0]!.circuit;
  try {
    for (let at = 0; at < 2; at++) await ask(address);
    assert.equal(circuit(), 'open');
    const { servers } = await gateway.explain('GET http://a/');
    assert.equal(servers[0]!.isUsable, false);
    assert.match(servers[0]!.why, /^the circuit of its backend is open/);
    await gateway.reload();
    assert.equal(circuit(), 'open');
    server.play(answering(() => ok('well')));
    await gateway.reload({ rules: rules('') });
    assert.equal(circuit(), null);
    assert.equal((await ask(address)).body, 'well');
    await gateway.reload({ rules: rules('break circuit after 2 failures for 1h') });
    assert.equal(circuit(), 'closed');
  } finally {
    await stop();
    await server.stop();
  }
});

test('servers that cannot be reached, and answers that are none, break the circuit too', async () => {
  const server = await RawServer.start((wire) => void wire.send('SSH-2.0-x\r\n'));
  const { gateway, address, stop } = await startGateway(
    plainRules([server.address], '', 'break circuit after 2 failures for 1h'),
  );
  try {
    const event = once(gateway, 'circuit');
    assert.equal((await ask(address)).status, 502);
    assert.equal((await ask(address)).status, 502);
    assert.equal((await event)[0].reason, '2 failures in a row, the last: an answer that is not HTTP');
    assert.equal((await ask(address)).status, 503);
  } finally {
    await stop();
    await server.stop();
  }
});

test('a backend with an open circuit uses its fallback', async () => {
  const sick = await RawServer.start(answering(() => SICK));
  const sorry = await RawServer.start(answering(() => ok('sorry')));
  const at = ({ host, port }: Address) => `${host}:${port}`;
  const rules = `${plainRules([sick.address], '', 'break circuit after 2 failures for 1h\n fall back to sorry when healthy below 1')}
backend sorry of ${at(sorry.address)}`;
  const { gateway, address, stop } = await startGateway(rules);
  try {
    for (let count = 0; count < 2; count++) assert.equal((await ask(address)).status, 503);
    assert.deepEqual(await ask(address), { status: 200, body: 'sorry' });
    const { verdict } = await gateway.explain('GET http://a/');
    assert.equal(verdict.kind, 'send');
  } finally {
    await stop();
    await Promise.all([sick.stop(), sorry.stop()]);
  }
});

test('explain says that a sticky client of an ejected server moves because of the ejection', async () => {
  const servers = await Promise.all([RawServer.start(answering(() => SICK)), RawServer.start(answering(() => SICK))]);
  const lines = 'stick on ip\n eject after 3 failures for 1h at most 50%';
  const { gateway, address, stop } = await startGateway(
    plainRules(
      servers.map((server) => server.address),
      '',
      lines,
    ),
  );
  try {
    const out = once(gateway, 'server');
    await eventually('an ejection', async () => {
      const { outcome } = await gateway.stickiness('app').find({});
      return outcome === 'moves' || void (await ask(address));
    });
    const [{ reason }] = await out;
    const { server: home, why } = await gateway.stickiness('app').find({});
    assert.ok(why.startsWith(`${home} was ${reason}; `), why);
  } finally {
    await stop();
    await Promise.all(servers.map((each) => each.stop()));
  }
});

/** talk connects through the gateway, and returns what comes until the connection ends. */
async function talk(address: Address): Promise<string> {
  const client = await connectTo(address);
  client.send('hello\n');
  await client.closed();
  return client.received.toString();
}

for (const threads of [0, 2]) {
  test(`on a tcp listener, a server that resets connections before sending anything is ejected (threads ${threads})`, async () => {
    let isSick = false;
    const sick = await RawServer.start(async (wire) => {
      await wire.text('hello\n');
      if (isSick) wire.reset();
      else wire.send('one').end();
    });
    const well = await RawServer.start(async (wire) => {
      await wire.text('hello\n');
      wire.send('two').end();
    });
    const rules = `listener web on 127.0.0.1:0 tcp { otherwise send to app }
      backend app of 127.0.0.1:${sick.address.port}, 127.0.0.1:${well.address.port} { eject after 3 failures for 1h }`;
    const { gateway, address, stop } = await startGateway(rules, threads);
    try {
      // What a server says between two failures begins the count anew.
      for (const sickFor of [2, 2]) {
        isSick = true;
        for (let failures = 0; failures < sickFor; ) if ((await talk(address)) === '') failures++;
        isSick = false;
        while ((await talk(address)) !== 'one');
      }
      assert.equal(gateway.stats().backends[0]!.servers[0]!.ejections, 0);
      isSick = true;
      const out = once(gateway, 'server');
      for (let failures = 0; failures < 3; ) if ((await talk(address)) === '') failures++;
      const [event] = await out;
      assert.equal(event.reason, 'ejected for 3600 s: 3 failures in a row, the last: no answer');
      for (let at = 0; at < 4; at++) assert.equal(await talk(address), 'two');
    } finally {
      await stop();
      await sick.stop();
      await well.stop();
    }
  });
}

test('on a tcp listener, servers that take no connection break the circuit, and the first byte closes it', async () => {
  const gone = await RawServer.start();
  const { address: target } = gone;
  await gone.stop();
  const rules = `listener web on 127.0.0.1:0 tcp { otherwise send to app }
    backend app of 127.0.0.1:${target.port} { break circuit after 3 failures for 200ms }`;
  const { gateway, address, stop } = await startGateway(rules);
  const events: string[] = [];
  gateway.on('circuit', ({ to, reason }) => events.push(`${to}: ${reason}`));
  let back: RawServer | null = null;
  try {
    assert.equal(await talk(address), '');
    await eventually('the circuit to break', () => events.length > 0);
    assert.equal(events[0], 'open: 3 failures in a row, the last: no connection');
    back = await RawServer.start(async (wire) => {
      await wire.text('hello\n');
      wire.send('well').end();
    }, target.port);
    await eventually('the circuit to close', async () => {
      await talk(address);
      return events.at(-1)!.startsWith('closed');
    });
    assert.equal(events.at(-1), 'closed: the trial was answered: the server spoke');
  } finally {
    await stop();
    await back?.stop();
  }
});
