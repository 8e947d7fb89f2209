/**
 * Where a sticky client goes when its server drains, fills up, goes down, is taken out, and comes back: the same for every
 * kind of stickiness, over two data threads.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createGateway } from 'sluice';
import { type Address, connectTo, eventually, fieldOf, ok, RawServer, type Script, type Wire } from '../kit/index.ts';

/** Answers with its name, and says which cookies it was sent; at /hold not before the test says so. */
class NamedSite {
  readonly name: string;
  server!: RawServer;
  held: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  script: Script = async (wire) => {
    for (;;) {
      const request = await wire.request();
      if (request.target === '/hold') await new Promise<void>((resolve) => this.held.push(resolve));
      wire.send(ok(this.name, `X-Saw-Cookie: ${fieldOf(request, 'cookie') ?? 'none'}`));
    }
  };

  async start(port = 0): Promise<this> {
    this.server = await RawServer.start(this.script, port);
    return this;
  }

  release(): void {
    for (const go of this.held.splice(0)) go();
  }
}

interface Kind {
  readonly stick: string;
  readonly listener?: string;
  /** The fields by which user `n` is known. */
  fields(user: number, jar: string): string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  'a learned cookie': { stick: 'on cookie sid', fields: (user) => `Cookie: a=1; sid=user-${user}\r\n` },
  'an inserted cookie': { stick: 'with cookie srv', fields: (_user, jar) => (jar === '' ? '' : `Cookie: ${jar}\r\n`) },
  'the address': {
    stick: 'on ip /32',
    listener: 'client ip from header X-Forwarded-For trust 127.0.0.0/8',
    fields: (user) => `X-Forwarded-For: 203.0.113.${user}\r\n`,
  },
  'a header': { stick: 'on header X-User', fields: (user) => `X-User: ${user}\r\n` },
};

async function openStage(t: TestContext, kind: Kind, more = '') {
  const sites = await Promise.all(['one', 'two', 'three'].map((name) => new NamedSite(name).start()));
  const rules = (names: readonly string[] = ['one', 'two', 'three'], stick = kind.stick) => `
listener web on 127.0.0.1:0 {
  ${kind.listener ?? ''}
  otherwise send to app
}
backend app {
  ${sites
    .filter(({ name }) => names.includes(name))
    .map(({ name, server }) => `server ${name} 127.0.0.1:${server.address.port} ${more}`)
    .join('\n  ')}
  stick ${stick}
  timeout queue 5s
}`;
  const gateway = await createGateway({ rules: rules(), threads: 2, logger: false });
  await gateway.start();
  const address = gateway.addresses().web as Address;
  t.after(async () => {
    await gateway.stop({ deadline: '1s' });
    await Promise.all(sites.map(({ server }) => server.stop()));
  });
  const jars = new Map<number, string>();
  const send = async (user: number, target = '/'): Promise<Wire> => {
    const client = await connectTo(address);
    client.send(
      `GET ${target} HTTP/1.1\r\nHost: a\r\n${kind.fields(user, jars.get(user) ?? '')}Connection: close\r\n\r\n`,
    );
    return client;
  };
  const receive = async (user: number, client: Wire) => {
    const answer = await client.answer();
    client.destroy();
    const set = fieldOf(answer, 'set-cookie');
    if (set !== undefined) jars.set(user, set.split(';')[0]!);
    return answer;
  };
  /** ask returns the name of the server that answered the user, over a connection of its own, so on either thread. */
  const ask = async (user: number, target = '/'): Promise<string> => {
    const answer = await receive(user, await send(user, target));
    assert.equal(answer.status, 200);
    return answer.body.toString();
  };
  let lastUser = 0;
  /** newcomer returns a user that was never seen, and where they were sent. */
  const newcomer = async (): Promise<readonly [user: number, home: string]> => {
    const user = ++lastUser;
    return [user, await ask(user)];
  };
  const site = (name: string) => sites.find((each) => each.name === name)!;
  return { gateway, rules, sites, site, jars, send, receive, ask, newcomer };
}

async function staysAt(stage: Awaited<ReturnType<typeof openStage>>, user: number, home: string, why: string) {
  for (let visit = 0; visit < 6; visit++) assert.equal(await stage.ask(user), home, `${why}, visit ${visit}`);
}

for (const [name, kind] of Object.entries(KINDS)) {
  test(`by ${name}`, async (t) => {
    const stage = await openStage(t, kind);
    const { gateway, rules, site, ask, newcomer } = stage;
    const find = (user: number) => {
      const [header = '', value = ''] = kind
        .fields(user, stage.jars.get(user) ?? '')
        .trim()
        .split(': ');
      return gateway
        .stickiness('app')
        .find({ ip: header === 'X-Forwarded-For' ? value : '127.0.0.1', headers: [[header, value]] });
    };

    await t.test('clients go back to their servers, on whichever thread, and are spread', async () => {
      const homes = new Map<number, string>();
      for (let at = 0; at < 12; at++) {
        const [user, home] = await newcomer();
        homes.set(user, home);
      }
      assert.equal(new Set(homes.values()).size, 3);
      for (const [user, home] of homes) await staysAt(stage, user, home, `user ${user}`);
    });

    await t.test('looking up a client’s server changes nothing', async () => {
      const [user, home] = await newcomer();
      const before = gateway.stickiness('app').stats().counters;
      const { server, outcome, why } = await find(user);
      assert.deepEqual([server, outcome, why], [home, 'stays', `${home} is running`]);
      assert.deepEqual(gateway.stickiness('app').stats().counters, before);
    });

    await t.test('reloads keep them, also one that changes the size of the table', async () => {
      const [user, home] = await newcomer();
      await gateway.reload();
      await staysAt(stage, user, home, 'after a reload');
      const table = kind.stick.startsWith('with') ? kind.stick : `${kind.stick} size 5000`;
      await gateway.reload({ rules: rules(undefined, table) });
      await staysAt(stage, user, home, 'in a smaller table');
      await gateway.reload({ rules: rules() });
      await staysAt(stage, user, home, 'in a larger table');
    });

    for (const [state, begin, why] of [
      ['drains', (home: string) => gateway.server(`app/${home}`).drain(), 'drains, and its clients stay'],
      ['has weight 0', (home: string) => gateway.server(`app/${home}`).weight(0), 'has weight 0, and its clients stay'],
    ] as const) {
      await t.test(`a server that ${state} keeps its clients and gets no new ones`, async () => {
        const [user, home] = await newcomer();
        begin(home);
        await staysAt(stage, user, home, `while it ${state}`);
        for (let at = 0; at < 6; at++) assert.notEqual((await newcomer())[1], home);
        assert.equal((await find(user)).why, `${home} ${why}`);
        gateway.server(`app/${home}`).ready();
        gateway.server(`app/${home}`).weight(1);
      });
    }

    await t.test('a client whose server is in maintenance gets another, and stays there when it is back', async () => {
      const [user, home] = await newcomer();
      gateway.server(`app/${home}`).maint();
      assert.equal((await find(user)).outcome, 'moves');
      const next = await ask(user);
      assert.notEqual(next, home);
      await staysAt(stage, user, next, 'while it is away');
      gateway.server(`app/${home}`).ready();
      await staysAt(stage, user, next, 'when it is back');
    });

    await t.test('a client whose server is down gets another, and stays there when it is back', async () => {
      const [user, home] = await newcomer();
      const own = site(home);
      const { port } = own.server.address;
      await own.server.stop();
      const next = await ask(user);
      assert.notEqual(next, home);
      await staysAt(stage, user, next, 'while it is down');
      await own.start(port);
      await staysAt(stage, user, next, 'when it is back');
    });

    await t.test('a client whose server a reload took out gets another, and stays there when it is back', async () => {
      const [user, home] = await newcomer();
      await gateway.reload({ rules: rules(['one', 'two', 'three'].filter((each) => each !== home)) });
      const next = await ask(user);
      assert.notEqual(next, home);
      await gateway.reload({ rules: rules() });
      await staysAt(stage, user, next, 'when it is back');
    });

    await t.test('what went where was counted', () => {
      const { kind: stick, counters, entries, size } = gateway.stickiness('app').stats();
      assert.equal(`${stick}`, kind.stick.split(' ').slice(0, 2).join(' '));
      assert.ok(counters.hits > 50 && counters.moves >= 2 && counters.misses >= 18, JSON.stringify(counters));
      assert.equal(counters.refused, 0);
      assert.equal(counters.evictions, 0);
      if (kind.stick.startsWith('with')) assert.deepEqual([entries, size, counters.stored > 0], [0, 0, false]);
      else assert.ok(entries > 0 && size === 65_536 && counters.stored >= entries);
      assert.deepEqual(
        gateway.stats().backends.map(({ sticky }) => sticky?.counters.hits),
        [counters.hits],
      );
    });
  });

  test(`by ${name}: the client of a full server waits for it`, async (t) => {
    const stage = await openStage(t, kind, 'max 1');
    const [user, home] = await stage.newcomer();
    const first = await stage.send(user, '/hold');
    await eventually('the first to be held', () => stage.site(home).held.length === 1);
    assert.equal(stage.gateway.server(`app/${home}`).open, 1);
    const waiting = await stage.send(user);
    // Somebody else is served by another server meanwhile.
    assert.notEqual((await stage.newcomer())[1], home);
    stage.site(home).release();
    assert.equal((await stage.receive(user, first)).body.toString(), home);
    const answer = await stage.receive(user, waiting);
    assert.deepEqual([answer.status, answer.body.toString()], [200, home]);
    await eventually('nothing to be open', () => stage.gateway.server(`app/${home}`).open === 0);
  });
}

test('an inserted cookie never reaches a server, and the others do', async (t) => {
  const stage = await openStage(t, KINDS['an inserted cookie']!);
  const [user] = await stage.newcomer();
  const own = stage.jars.get(user)!;
  const saw = async (cookie: string) => {
    stage.jars.set(user, cookie);
    return fieldOf(await stage.receive(user, await stage.send(user)), 'x-saw-cookie');
  };
  assert.equal(await saw(own), 'none');
  assert.equal(await saw(`a=1; ${own}; b=2`), 'a=1; b=2');
  assert.equal(await saw('srv=forged; a=1'), 'a=1');
  assert.equal(await saw('xsrv=1; srv2=2'), 'xsrv=1; srv2=2');
});

test('a forged cookie is no cookie: its client is new, gets a right one, and is counted', async (t) => {
  const stage = await openStage(t, KINDS['an inserted cookie']!);
  stage.jars.set(1, `srv=${'A'.repeat(32)}`);
  const home = await stage.ask(1);
  assert.notEqual(stage.jars.get(1), `srv=${'A'.repeat(32)}`);
  await staysAt(stage, 1, home, 'with its new cookie');
  const { refused, misses } = stage.gateway.stickiness('app').stats().counters;
  assert.deepEqual([refused, misses], [1, 1]);
});

for (const [name, kind] of Object.entries(KINDS)) {
  if (kind.stick.startsWith('with')) continue;
  test(`by ${name}: of two simultaneous first requests, the first response decides`, async (t) => {
    const stage = await openStage(t, kind);
    const { sites, send, receive, ask } = stage;
    for (let user = 100; user < 106; user++) {
      const early = await send(user, '/hold');
      await eventually('the first request to have come', () => sites.some(({ held }) => held.length > 0));
      const held = sites.find((site) => site.held.length > 0)!;
      const home = await ask(user);
      held.release();
      await receive(user, early);
      await staysAt(stage, user, home, `user ${user}`);
    }
  });
}
