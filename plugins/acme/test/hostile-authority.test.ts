/**
 * An authority that is broken or hostile gets nothing but an attempt that failed, with a reason of one line.
 */
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { FakeCertificateHost } from '@sluice/plugin-kit';
import { HttpsCaller } from '../src/https-caller.ts';
import { FakeAuthority, type Said } from './fake-authority.ts';
import { openSource } from './open-source.ts';

let authority: FakeAuthority;
before(async () => {
  authority = await FakeAuthority.start();
});
after(() => authority.stop());

/** attempt makes one attempt at an authority that spoils what it says, and returns what came of it. */
async function attempt(spoil: (path: string, said: Said) => void, names = ['a.test', 'b.test']) {
  authority.asked.length = 0;
  authority.spoil = spoil;
  const host = new FakeCertificateHost();
  const { source, file, folder } = openSource(authority, host, names);
  const event = await host.next();
  await source.stop();
  const isThere = existsSync(file);
  rmSync(folder, { recursive: true, force: true });
  assert.equal(host.posted.size, 0, 'no proof stays up');
  const failure = host.log.lines.find(({ level }) => level === 'warn');
  const code = (failure?.fields as { readonly code?: string } | undefined)?.code;
  if (!event.isOk) assert.match(code ?? '', /^SP042[0-2]$/, 'what fails is logged with a code');
  assert.equal(isThere, event.isOk);
  assert.ok(event.reason.length > 0 && event.reason.length < 700, event.reason);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(event.reason, /[\u0000-\u001f\u007f]/);
  return { ...event, code };
}

const json = (said: Said, change: (body: Record<string, unknown>) => void): void => {
  const body = JSON.parse(said.body) as Record<string, unknown>;
  change(body);
  said.body = JSON.stringify(body);
};

test('nothing spoiled: a certificate comes', async () => {
  const event = await attempt(() => {});
  assert.equal(event.isOk, true, event.reason);
});

const CASES: readonly [title: string, at: string, spoil: (said: Said) => void, reason: RegExp][] = [
  [
    'a directory that is no JSON',
    'directory',
    (said) => {
      said.body = '<html>';
    },
    /the directory is no JSON object/,
  ],
  [
    'a directory that is an array',
    'directory',
    (said) => {
      said.body = '[]';
    },
    /no JSON object/,
  ],
  [
    'a directory that is missing',
    'directory',
    (said) => {
      said.status = 404;
    },
    /refuses the directory: status 404/,
  ],
  [
    'an address elsewhere',
    'directory',
    (said) => json(said, (body) => (body.newOrder = 'https://192.0.2.1/')),
    /`newOrder` that is not at/,
  ],
  [
    'an address without TLS',
    'directory',
    (said) => json(said, (body) => (body.newNonce = 'http://127.0.0.1/')),
    /`newNonce` that is not at/,
  ],
  [
    'an account without an address',
    'account',
    (said) => void delete said.headers.location,
    /an account that is not at/,
  ],
  [
    'an order that wants nothing proven',
    'new-order',
    (said) => json(said, (body) => (body.authorizations = [])),
    /does not say what is to be proven/,
  ],
  [
    'an order that wants a thousand things proven',
    'new-order',
    (said) =>
      json(said, (body) => (body.authorizations = Array(1000).fill(`${authority.origin}/authorization/a.test`))),
    /does not say what is to be proven/,
  ],
  [
    'a name that was not requested',
    'authorization',
    (said) => json(said, (body) => (body.identifier = { type: 'dns', value: 'evil.test' })),
    /was not requested/,
  ],
  [
    'no proof that can be given',
    'authorization',
    (said) => json(said, (body) => (body.challenges = [{ type: 'dns-01' }, null])),
    /offers no proof by http-01/,
  ],
  [
    'a token that is a path',
    'authorization',
    (said) => json(said, (body) => ((body.challenges as { token: string }[])[0]!.token = '../../../../etc/passwd')),
    /no token that can be used/,
  ],
  [
    'a challenge elsewhere',
    'authorization',
    (said) => json(said, (body) => ((body.challenges as { url: string }[])[0]!.url = 'https://192.0.2.1/')),
    /a challenge that is not at/,
  ],
  [
    'a refusal in colours and lines',
    'new-order',
    (said) => {
      said.status = 403;
      said.body = JSON.stringify({
        type: 'urn:ietf:params:acme:error:rejectedIdentifier',
        detail: '\u001b[31mno\r\nway\u0000',
      });
    },
    /rejectedIdentifier: {1,2}\[31mno way/,
  ],
  [
    'an order that goes nowhere',
    'order',
    (said) => json(said, (body) => (body.status = { deep: true })),
    /refuses the order/,
  ],
  [
    'a status that goes on and on, which is cut with a mark',
    'order',
    (said) => json(said, (body) => (body.status = `${'long '.repeat(20)}\n`)),
    /refuses the order: it is (?:long ){8}…$/,
  ],
  [
    'a chain that is no certificate',
    'certificate',
    (said) => {
      said.body = 'hello';
    },
    /sent no certificate/,
  ],
  [
    'a chain without an end',
    'certificate',
    (said) => {
      said.body += said.body.repeat(20);
    },
    /sent 42 certificates/,
  ],
  [
    'rubbish for a certificate',
    'certificate',
    (said) => {
      said.body = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    },
    /cannot be read/,
  ],
  [
    'another certificate than ours',
    'certificate',
    (said) => {
      said.body = said.body.slice(said.body.lastIndexOf('-----BEGIN'));
    },
    /for another key/,
  ],
  [
    'more than anybody can read',
    'order',
    (said) => {
      said.body = ' '.repeat(300_000);
    },
    /more than 262144 bytes/,
  ],
  [
    'a connection that breaks off',
    'finalize',
    (said) => {
      said.isBroken = true;
    },
    /127\.0\.0\.1/,
  ],
  [
    'nonces that are never good',
    'new-order',
    (said) => {
      said.status = 400;
      said.body = '{"type":"urn:ietf:params:acme:error:badNonce"}';
    },
    /badNonce/,
  ],
  [
    'a redirect',
    'order',
    (said) => {
      said.status = 307;
      said.headers.location = 'https://192.0.2.1/';
    },
    /status 307/,
  ],
];

for (const [title, at, spoil, reason] of CASES) {
  test(`${title} is reported as such`, async () => {
    const event = await attempt((path, said) => {
      if (path === at) spoil(said);
    });
    assert.equal(event.isOk, false);
    assert.match(event.reason, reason);
  });
}

test('one bad nonce is no failure', async () => {
  let isBad = true;
  const event = await attempt((path, said) => {
    if (path !== 'new-order' || !isBad) return;
    isBad = false;
    said.status = 400;
    said.body = '{"type":"urn:ietf:params:acme:error:badNonce"}';
  });
  assert.equal(event.isOk, true, event.reason);
});

test('Retry-After of an authority is respected', async () => {
  const event = await attempt((path, said) => {
    if (path !== 'new-order') return;
    Object.assign(said, { status: 429, body: '{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many"}' });
    said.headers['retry-after'] = '86400';
  });
  assert.match(event.reason, /rateLimited: too many/);
  assert.equal(event.code, 'SP0422');
  const waitMs = event.nextMs! - Date.now();
  assert.ok(waitMs > 86_000_000 && waitMs <= 86_400_000, String(waitMs));
});

test('an authority that trickles its response is aborted', async () => {
  const { createServer } = await import('node:net');
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const caller = new HttpsCaller(`https://127.0.0.1:${port}`, null, 200);
  const { signal } = new AbortController();
  await assert.rejects(
    caller.call({ method: 'GET', url: `https://127.0.0.1:${port}/`, signal }),
    /no answer within 0\.2 s/,
  );
  caller.close();
  server.close();
});

/** A small generator with a seed, so that what fails can be had again. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const RUBBISH: readonly unknown[] = [
  null,
  '',
  'x'.repeat(5000),
  -1,
  1e308,
  [],
  {},
  [null],
  { toString: 1 },
  true,
  '\u0000',
  'https://[::1',
];

/** spoilValue puts rubbish into one place of a JSON value. */
function spoilValue(value: unknown, random: () => number): unknown {
  const isInside = typeof value === 'object' && value !== null && random() < 0.8;
  if (!isInside) return RUBBISH[Math.floor(random() * RUBBISH.length)];
  const keys = Object.keys(value);
  if (keys.length === 0) return RUBBISH[Math.floor(random() * RUBBISH.length)];
  const key = keys[Math.floor(random() * keys.length)]!;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  if (random() < 0.2) delete copy[key];
  else copy[key] = spoilValue(copy[key], random);
  return copy;
}

for (const seed of Array.from({ length: 60 }, (_, index) => 1000 + index)) {
  test(`rubbish in one answer, seed ${seed}`, async () => {
    const random = randomOf(seed);
    let countdown = Math.floor(random() * 14);
    await attempt((_path, said) => {
      if (countdown-- !== 0) return;
      const kind = random();
      if (kind < 0.1) said.isBroken = true;
      else if (kind < 0.2) said.status = [204, 302, 400, 500, 503][Math.floor(random() * 5)]!;
      else if (kind < 0.3) said.body = said.body.slice(0, Math.floor(random() * said.body.length));
      else if (kind < 0.4) said.headers = {};
      else if (said.headers['content-type'] === 'application/json')
        said.body = JSON.stringify(spoilValue(JSON.parse(said.body), random));
      else said.body = said.body.replace(/[A-Z]/, 'é');
    });
  });
}
