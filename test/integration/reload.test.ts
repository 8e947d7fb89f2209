/**
 * Reloads: twenty in a row by SIGHUP under load lose nothing, and a bad file changes nothing.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { readReport } from '../bench/wrk.ts';
import {
  type Address,
  connectTo,
  eventually,
  fieldOf,
  Load,
  Program,
  runSluice,
  skipUnless,
  startNamedServer,
} from '../kit/index.ts';

const rules = (servers: readonly Address[], generation: number) => (port: number) =>
  `
listener web on 127.0.0.1:${port} {
  ${generation % 2 === 1 ? 'deny path under /odd' : 'deny path under /even'}
  set header X-Generation to "g${generation}"
  otherwise send to app
}
backend app of ${servers.map((server) => `${server.host}:${server.port}`).join(', ')} {
  ${generation % 3 === 0 ? 'balance least-connections' : ''}
  ${generation % 4 === 0 ? 'stick on cookie sid' : ''}
}
`;

async function generationOf(address: Address): Promise<string | undefined> {
  const client = await connectTo(address);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const answer = await client.answer();
  client.destroy();
  assert.equal(answer.status, 200);
  return fieldOf(answer, 'x-generation');
}

test('twenty reloads by SIGHUP under load lose no request', async () => {
  const servers = await Promise.all(['one', 'two'].map((name) => startNamedServer(name)));
  const addresses = servers.map((server) => server.address);
  const sluice = await runSluice(rules(addresses, 0), '--threads', '2');
  const load = new Load(sluice.address, { connections: 12 });
  try {
    await load.more(200);
    for (let generation = 1; generation <= 20; generation++) {
      // Every fifth time a server leaves the file, and comes back the next.
      const named = generation % 5 === 0 ? addresses.slice(0, 1) : addresses;
      writeFileSync(sluice.file, rules(named, generation)(sluice.address.port));
      sluice.program.signal('SIGHUP');
      await eventually(
        `generation ${generation}`,
        async () => (await generationOf(sluice.address)) === `g${generation}`,
      );
      await load.more(50);
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
  } finally {
    await load.stop();
    await sluice.stop();
    await Promise.all(servers.map(({ program }) => program.stop()));
  }
});

test('an invalid file is refused, reported in the log, and the old rules stay active under load', async () => {
  const server = await startNamedServer('one');
  const sluice = await runSluice(rules([server.address], 1), '--threads', '2');
  const load = new Load(sluice.address);
  try {
    writeFileSync(sluice.file, rules([server.address], 2)(sluice.address.port).replace('deny', 'dney'));
    sluice.program.signal('SIGHUP');
    await sluice.program.printed(/dney/);
    await load.more(200);
    assert.equal(await generationOf(sluice.address), 'g1');
    writeFileSync(sluice.file, rules([server.address], 3)(sluice.address.port));
    sluice.program.signal('SIGHUP');
    await eventually('the fixed file', async () => (await generationOf(sluice.address)) === 'g3');
    await load.stop();
    assert.deepEqual(load.failures, []);
  } finally {
    await load.stop();
    await sluice.stop();
    await server.program.stop();
  }
});

test('a file whose tests fail is refused, and the old rules stay active', async () => {
  const server = await startNamedServer('one');
  const tested = (generation: number) => (port: number) =>
    `${rules([server.address], generation)(port)}
settings { test before reload }
test "odd is closed" {
  given GET http://a/odd
  expect deny
}
`;
  const sluice = await runSluice(tested(1), '--threads', '1');
  try {
    writeFileSync(sluice.file, tested(2)(sluice.address.port));
    sluice.program.signal('SIGHUP');
    await sluice.program.printed(/odd is closed.* fails: expected `deny`, got `send to app`/);
    assert.equal(await generationOf(sluice.address), 'g1');
    writeFileSync(sluice.file, tested(3)(sluice.address.port));
    sluice.program.signal('SIGHUP');
    await eventually('tests that pass', async () => (await generationOf(sluice.address)) === 'g3');
  } finally {
    await sluice.stop();
    await server.program.stop();
  }
});

test('wrk counts no error over ten reloads', skipUnless('wrk'), async () => {
  const server = await startNamedServer('one');
  const sluice = await runSluice(rules([server.address], 0), '--threads', '2');
  try {
    const url = `http://127.0.0.1:${sluice.address.port}/`;
    const wrk = new Program('wrk', ['-t1', '-c32', '-d4s', url]);
    for (let generation = 1; generation <= 10; generation++) {
      writeFileSync(sluice.file, rules([server.address], generation)(sluice.address.port));
      sluice.program.signal('SIGHUP');
      await eventually(
        `generation ${generation}`,
        async () => (await generationOf(sluice.address)) === `g${generation}`,
      );
    }
    await wrk.exited;
    const report = readReport(`${wrk.output}\n`);
    assert.equal(report.errors, 0, wrk.output);
    assert.ok(report.requests > 0);
  } finally {
    await sluice.stop();
    await server.program.stop();
  }
});
