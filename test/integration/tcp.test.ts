/**
 * Listeners that speak tcp, in front of real databases: rules of the connection, balancing, health, reloads, the access log.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  connectTo,
  eventually,
  Program,
  RawServer,
  runSluice,
  skipUnless,
  skipUnlessPostgresql,
  startGateway,
  startPostgresql,
  startRedis,
  temporaryFolder,
} from '../kit/index.ts';

async function run(command: string, ...args: string[]): Promise<string> {
  const program = new Program(command, args);
  const { code } = await program.exited;
  assert.equal(code, 0, program.output);
  return program.output;
}

test(
  'PostgreSQL is reached through the gateway, large answers too, with a check of its own',
  skipUnlessPostgresql(),
  async () => {
    const server = await startPostgresql();
    const { port } = server.address;
    const { gateway, address, stop } = await startGateway(`listener web on 127.0.0.1:0 tcp {
  deny not ip 127.0.0.0/8
  otherwise send to postgres
}
backend postgres of 127.0.0.1:${port} { check postgresql user "postgres" every 2s }
`);
    try {
      const query = ['-h', '127.0.0.1', '-p', String(address.port), '-U', 'postgres', '-tAc'];
      assert.equal((await run('psql', ...query, 'select sum(n) from generate_series(1, 1000) n')).trim(), '500500');
      const large = await run('psql', ...query, "select repeat('x', 1000000)");
      assert.equal(large.trim().length, 1_000_000);
      assert.equal(gateway.stats().listeners[0]!.counters.requests, 0);
      // Bytes are counted when a connection ends.
      await eventually('the bytes', async () => gateway.stats().listeners[0]!.counters.bytesOut > 1_000_000);
    } finally {
      await stop();
      await server.program.stop();
    }
  },
);

test('many connections to Redis at once are all answered', skipUnless('redis-server', 'redis-benchmark'), async () => {
  const server = await startRedis();
  const { address, stop } = await startGateway(`listener web on 127.0.0.1:0 tcp { otherwise send to redis }
backend redis of 127.0.0.1:${server.address.port} { balance least-connections; check redis every 2s }
`);
  try {
    const output = await run(
      'redis-benchmark',
      '-p',
      String(address.port),
      '-n',
      '2000',
      '-c',
      '20',
      '-P',
      '16',
      '-t',
      'set,get',
      '-q',
    );
    assert.match(output, /GET: [\d.]+ requests per second/);
  } finally {
    await stop();
    await server.program.stop();
  }
});

test('a client whose address is denied is closed, and a server that is down is passed over', async () => {
  const server = await RawServer.start(async (wire) => {
    wire.send('hello');
    await wire.closed();
  });
  const rules = (guard: string) => `listener web on 127.0.0.1:0 tcp {
  ${guard}
  otherwise send to app
}
backend app of 127.0.0.1:1, ${server.address.host}:${server.address.port} { retry 2 on connect-failure using another server }
`;
  const open = await startGateway(rules('deny ip 192.0.2.0/24'));
  const closed = await startGateway(rules('deny ip 127.0.0.0/8'));
  try {
    for (let count = 0; count < 3; count++) {
      const client = await connectTo(open.address);
      await client.text('hello');
      client.destroy();
    }
    const denied = await connectTo(closed.address);
    await denied.closed();
    assert.equal(denied.received.length, 0);
    assert.equal(closed.gateway.stats().listeners[0]!.counters.denied, 1);
  } finally {
    await open.stop();
    await closed.stop();
    await server.stop();
  }
});

test('a relayed connection is logged at its end, and outlives a reload', async () => {
  const server = await RawServer.start(async (wire) => {
    await wire.text('ping');
    wire.send('pong!');
    await wire.text('again');
    wire.send('still here');
    await wire.closed();
    wire.end();
  });
  const log = join(temporaryFolder(), 'access.log');
  const rules = (port: number) => `listener web on 127.0.0.1:${port} tcp { otherwise send to app }
backend app of ${server.address.host}:${server.address.port}
settings { log access json to "${log}" }
`;
  const gateway = await runSluice(rules, '--threads', '2');
  try {
    const client = await connectTo(gateway.address);
    client.send('ping');
    await client.text('pong!');
    writeFileSync(gateway.file, `${rules(gateway.address.port)}\n# another`);
    gateway.program.signal('SIGHUP');
    await gateway.program.printed(/another generation|reloaded|"generation":2/);
    client.send('again');
    await client.text('still here');
    client.destroy();
    await eventually('the line', async () => readFileSync(log, 'utf8').endsWith('\n'));
    const line = JSON.parse(readFileSync(log, 'utf8').trim().split('\n').at(-1)!);
    assert.equal(line.scheme, 'tcp');
    assert.equal(line.backend, 'app');
    assert.equal(line.bytesIn, 9);
    assert.equal(line.bytesOut, 15);
    assert.equal('status' in line, false);
  } finally {
    await gateway.stop();
    await server.stop();
  }
});
