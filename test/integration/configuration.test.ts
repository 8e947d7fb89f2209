/**
 * The rules of a running gateway, read and replaced over the admin API: what is applied, and that nothing is half done.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createGateway, restoreUnconfirmed } from 'sluice';
import { type Address, AdminClient, eventually, temporaryFolder } from '../kit/index.ts';

const OPERATOR = 'operator-token-0123456';
const ENGINEER = 'engineer-token-0123456';
const BEARER = { authorization: `Bearer ${ENGINEER}` };

const answering = (
  status: number,
  more = '',
) => `listener web on 127.0.0.1:0 { deny ${status} when path is /a; otherwise deny 404 }
${more}`;
const TEST = 'test "a is there" { given GET http://a.test/a; expect deny 410 }';

async function open(more = '', rules?: string) {
  const folder = temporaryFolder();
  const file = join(folder, 'gateway.sluice');
  writeFileSync(file, answering(403, more));
  const gateway = await createGateway({
    rules: rules ?? { file },
    threads: 0,
    logger: false,
    admin: {
      address: '127.0.0.1:0',
      tokens: [
        { name: 'operator', token: OPERATOR, role: 'operate' },
        { name: 'engineer', token: ENGINEER, role: 'configure' },
      ],
    },
  });
  await gateway.start();
  const client = new AdminClient(gateway.adminAddress!);
  const current = async () => (await client.get('/v1/configuration', BEARER)).json;
  return {
    ...{ gateway, folder, file, client, current },
    async put(text: unknown, query = '', headers: Readonly<Record<string, string>> = {}) {
      const ifMatch = `"${(await current()).tag}"`;
      const body = { text };
      return client.ask('PUT', `/v1/configuration${query}`, {
        body,
        headers: { ...BEARER, 'if-match': ifMatch, ...headers },
      });
    },
    post: (path: string) => client.ask('POST', `/v1/configuration/${path}`, { body: {}, headers: BEARER }),
    async status(): Promise<number> {
      const { host, port } = gateway.addresses().web as Address;
      return (await fetch(`http://${host}:${port}/a`)).status;
    },
    [Symbol.asyncDispose]: async () => void (await gateway.stop({ deadline: 0 })),
  };
}

test('rules are read with an ETag, and replaced: written, active, and in the history with who and why', async () => {
  await using here = await open('# kept as it is\n');
  const { headers, json } = await here.client.get('/v1/configuration', BEARER);
  assert.equal(json.text, readFileSync(here.file, 'utf8'));
  assert.equal(headers.etag, `"${json.tag}"`);
  chmodSync(here.file, 0o640);
  const text = answering(410);
  const answer = await here.client.ask('PUT', '/v1/configuration', {
    body: { text, message: 'a is gone' },
    headers: { ...BEARER, 'if-match': headers.etag! },
  });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([answer.json.isApplied, answer.json.generation, answer.json.history], [true, 2, 2]);
  assert.equal(answer.headers.etag, `"${answer.json.tag}"`);
  const [difference] = answer.json.differences.differences;
  assert.deepEqual([difference.before.verdict, difference.after.verdict], ['answer 403', 'answer 410']);
  assert.equal(await here.status(), 410);
  assert.equal(readFileSync(here.file, 'utf8'), text);
  assert.deepEqual(readdirSync(here.folder), ['gateway.sluice'], 'nothing is left beside it');
  const { entries } = (await here.client.get('/v1/configuration/history', BEARER)).json;
  assert.deepEqual(
    entries.map(({ number, who, message }: never) => [number, who, message]),
    [
      [2, 'engineer', 'a is gone'],
      [1, null, 'before the first change'],
    ],
  );
  assert.equal((await here.client.get('/v1/configuration/history/1', BEARER)).json.text, json.text);
});

test('a dry run checks, tests and compares, and changes nothing', async () => {
  await using here = await open();
  const before = await here.current();
  const { status, json } = await here.put(answering(410, TEST), '?dry-run=true');
  assert.deepEqual([status, json.isApplied, json.history, json.differences.isSame], [200, false, null, false]);
  assert.equal((await here.put(answering(409, TEST), '?dry-run=true')).status, 422);
  assert.deepEqual(await here.current(), before);
  assert.equal(await here.status(), 403);
  assert.deepEqual((await here.client.get('/v1/configuration/history', BEARER)).json.entries, []);
});

test('an entry of the history is activated again', async () => {
  await using here = await open();
  await here.put(answering(410));
  const { status, json } = await here.post('history/1/rollback');
  assert.deepEqual([status, json.history, json.generation], [200, 3, 3]);
  assert.equal(await here.status(), 403);
  assert.equal(readFileSync(here.file, 'utf8'), answering(403));
});

describe('with a time to confirm', () => {
  test('rules that are not confirmed are rolled back', async () => {
    await using here = await open();
    const { status } = await here.put(answering(410), '?confirm-within=1s');
    assert.equal(status, 200);
    assert.equal(await here.status(), 410);
    await eventually('the rollback', async () => (await here.status()) === 403);
    assert.equal(readFileSync(here.file, 'utf8'), answering(403));
    await eventually('the end of it', async () => (await here.current()).unconfirmed === null);
    assert.deepEqual(readdirSync(here.folder), ['gateway.sluice']);
    const { entries } = (await here.client.get('/v1/configuration/history', BEARER)).json;
    assert.deepEqual(
      [entries[0].who, entries[0].message],
      ['sluice', 'rolled back: the rules were not confirmed in time'],
    );
    assert.equal((await here.post('confirm')).json.error.code, 'SG0906');
  });

  test('rules that bring errors are rolled back before the time is over', async () => {
    await using here = await open();
    for (let count = 0; count < 5; count++) assert.equal(await here.status(), 403);
    const broken = `listener web on 127.0.0.1:0 { otherwise send to gone }\nbackend gone of 127.0.0.1:1`;
    assert.equal((await here.put(broken, '?confirm-within=1h')).status, 200);
    for (let count = 0; count < 25; count++) assert.equal(await here.status(), 503);
    await eventually('the rollback', async () => (await here.current()).unconfirmed === null);
    assert.equal(await here.status(), 403);
    const { entries } = (await here.client.get('/v1/configuration/history', BEARER)).json;
    assert.match(
      entries[0].message,
      /^rolled back: the rules brought errors \(100 % of \d+ responses are errors, 0 % were before\)$/,
    );
  });

  test('rules that are confirmed stay, and until then no others are taken', async () => {
    await using here = await open();
    await here.put(answering(410), '?confirm-within=1h');
    assert.ok((await here.current()).unconfirmed.leftMs > 3_000_000);
    assert.equal((await here.put(answering(409))).json.error.code, 'SG0904');
    assert.equal((await here.post('confirm')).status, 200);
    assert.equal((await here.current()).unconfirmed, null);
    assert.deepEqual(readdirSync(here.folder), ['gateway.sluice']);
    assert.equal((await here.put(answering(409))).status, 200);
    assert.equal(await here.status(), 409);
  });

  test('a gateway that ends meanwhile is started with the rules from before', async () => {
    const { pino } = await import('pino');
    const log = pino({ enabled: false });
    let file: string;
    {
      await using here = await open();
      file = here.file;
      await here.put(answering(410), '?confirm-within=1h');
    }
    assert.equal(readFileSync(file, 'utf8'), answering(410));
    await restoreUnconfirmed(file, log);
    assert.equal(readFileSync(file, 'utf8'), answering(403));
    assert.deepEqual(readdirSync(dirname(file)), ['gateway.sluice']);
    await restoreUnconfirmed(file, log);
    assert.equal(readFileSync(file, 'utf8'), answering(403), 'once is enough');
  });
});

test('the history outlives the process where the state is kept', async () => {
  const state = temporaryFolder();
  const settings = `settings { state in "${state}" }`;
  await using here = await open(settings);
  await here.put(answering(410, settings));
  assert.deepEqual(readdirSync(join(state, 'history')).sort(), ['1.json', '2.json']);
  await using next = await open(settings);
  assert.equal((await next.client.get('/v1/configuration/history', BEARER)).json.entries.length, 2);
  assert.equal((await next.put(answering(409, settings))).json.history, 3);
});

test('of two changes that begin with the same rules, one is made and the other is refused', async () => {
  await using here = await open();
  const ifMatch = { 'if-match': `"${(await here.current()).tag}"` };
  const answers = await Promise.all([410, 409, 418].map((status) => here.put(answering(status), '', ifMatch)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412]);
});

test('rules without a file are replaced in memory', async () => {
  await using here = await open('', answering(403));
  assert.equal((await here.current()).file, null);
  assert.equal((await here.put(answering(410))).status, 200);
  assert.equal(await here.status(), 410);
  assert.equal((await here.current()).text, answering(410));
  assert.equal((await here.post('history/1/rollback')).status, 200);
  assert.equal(await here.status(), 403);
});

describe('what is refused changes nothing', () => {
  const good = answering(410);
  for (const [what, body, more, expected] of [
    ['an empty If-Match', { text: good }, { 'if-match': '' }, [412, 'SG0901']],
    ['the ETag of other rules', { text: good }, { 'if-match': `"${'0'.repeat(32)}"` }, [412, 'SG0901']],
    ['an ETag that is none', { text: good }, { 'if-match': 'W/"x"' }, [412, 'SG0901']],
    ['any ETag', { text: good }, { 'if-match': '*' }, [412, 'SG0901']],
    ['a text that is a number', { text: 7 }, {}, [400, 'SA0106']],
    ['no text', {}, {}, [400, 'SA0106']],
    ['a property that it does not have', { text: good, force: true }, {}, [400, 'SA0106']],
    ['half of JSON', '{"text": "', {}, [400, 'SA0106']],
    ['a body that is too long', { text: 'x'.repeat(9_000_000) }, {}, [413, 'SA0107']],
    ['a text that is too long', { text: 'x'.repeat(4_200_000) }, {}, [400, 'SA0106']],
    ['a form', { text: good }, { 'content-type': 'text/plain' }, [415, 'SA0108']],
    ['another site', { text: good }, { 'sec-fetch-site': 'cross-site' }, [403, 'SA0115']],
    ['another origin', { text: good }, { origin: 'https://evil.example' }, [403, 'SA0104']],
    ['no token', { text: good }, { authorization: '' }, [401, 'SA0101']],
    ['a wrong token', { text: good }, { authorization: 'Bearer wrong-token-wrong-token' }, [401, 'SA0102']],
    ['a token that may only operate', { text: good }, { authorization: `Bearer ${OPERATOR}` }, [403, 'SA0113']],
    ['rules that are not right', { text: 'listener web on 127.0.0.1:0 { dney }' }, {}, [422, 'SG0201']],
    ['no rules', { text: '' }, {}, [422, 'SG0201']],
    ['rules that fail their tests', { text: answering(409, TEST) }, {}, [422, 'SG0204']],
    [
      'rules with an address of another machine',
      { text: good.replace('127.0.0.1:0', '192.0.2.1:8080') },
      {},
      [422, 'SG0303'],
    ],
  ] as const) {
    test(what, async () => {
      await using here = await open();
      const before = await here.current();
      const headers = { ...BEARER, 'if-match': `"${before.tag}"`, ...more };
      const answer = await here.client.ask('PUT', '/v1/configuration', { body, headers });
      assert.deepEqual([answer.status, answer.json.error.code], expected, answer.text);
      assert.deepEqual(await here.current(), before);
      assert.equal(await here.status(), 403);
      assert.equal(here.gateway.stats().generation, 1);
      assert.deepEqual(readdirSync(here.folder), ['gateway.sluice']);
    });
  }

  for (const [query, code] of [
    ['?dry-run=yes', 'SA0106'],
    ['?confirm-within=0s', 'SA0106'],
    ['?confirm-within=soon', 'SA0106'],
    ['?confirm-within=25h', 'SA0106'],
    ['?force=true', 'SA0106'],
  ] as const) {
    test(query, async () => {
      await using here = await open();
      const answer = await here.put(good, query);
      assert.deepEqual([answer.status, answer.json.error.code], [400, code]);
      assert.equal(await here.status(), 403);
    });
  }

  test('no If-Match at all', async () => {
    await using here = await open();
    const answer = await here.client.ask('PUT', '/v1/configuration', { body: { text: good }, headers: BEARER });
    assert.deepEqual([answer.status, answer.json.error.code], [428, 'SA0116']);
  });

  for (const path of ['history/0', 'history/7', 'history/..%2f1', 'history/1e3', 'history/%00']) {
    test(`${path} of the history`, async () => {
      await using here = await open();
      const { status } = await here.client.get(`/v1/configuration/${path}`, BEARER);
      assert.ok(status === 400 || status === 404, String(status));
      assert.ok((await here.post(`${path}/rollback`)).status >= 400);
    });
  }

  test('problems have a code and a place', async () => {
    await using here = await open();
    const { json } = await here.put('listener web on 127.0.0.1:0 {\n  dney\n  otherwise deny 404\n}');
    const [problem] = json.error.diagnostics;
    assert.deepEqual([problem.code, problem.place.line, problem.place.column], ['SL0101', 2, 3]);
  });

  test('a folder in which nothing can be written', {
    skip: process.getuid?.() === 0 && 'root can write in every folder',
  }, async () => {
    await using here = await open();
    chmodSync(here.folder, 0o500);
    try {
      const answer = await here.put(good);
      assert.deepEqual([answer.status, answer.json.error.code], [507, 'SG0907']);
      assert.equal(await here.status(), 403);
    } finally {
      chmodSync(here.folder, 0o700);
    }
  });
});

test('sluice ctl config shows, compares, replaces and rolls back', async () => {
  await using here = await open();
  const at = here.gateway.adminAddress as Address;
  const fresh = join(here.folder, 'new.sluice');
  writeFileSync(fresh, answering(410));
  const ctl = async (...args: readonly string[]) => {
    const script = new URL('../../cli/bin/sluice.js', import.meta.url).pathname;
    const env = { ...process.env, SLUICE_ADMIN: `${at.host}:${at.port}`, SLUICE_ADMIN_TOKEN: ENGINEER };
    const run = promisify(execFile)(process.execPath, [script, 'ctl', 'config', ...args], { env });
    return run.then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    );
  };
  assert.equal((await ctl('get')).stdout, answering(403));
  const diff = await ctl('diff', fresh);
  assert.equal(diff.code, 1);
  assert.match(diff.stdout, /- answer 403.*\n.*\+ answer 410/);
  const put = await ctl('put', fresh, '--message', 'a is gone', '--confirm-within', '1h');
  assert.match(put.stdout, /generation 2 is active, entry 2 of the history\nit is rolled back in 1h/);
  assert.equal((await ctl('confirm')).stdout, 'confirmed\n');
  assert.match((await ctl('history')).stdout, /2 .*engineer +a is gone/);
  assert.match((await ctl('rollback', '1')).stdout, /with the rules of entry 1/);
  assert.equal(await here.status(), 403);
  writeFileSync(fresh, 'listner');
  const bad = await ctl('put', fresh);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /SL0101/);
});
