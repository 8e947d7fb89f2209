import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldEditor } from '@sluice/core/plugin';
import type { Template } from '@sluice/dsl/plan';
import { fakeFacts, fakeLinker } from '@sluice/plugin-kit';
import { verbs } from '../src/data.ts';

const facts = fakeFacts();

function locationOf(
  template: Template['template'],
  placeholders: Record<string, string> = {},
  status?: number,
): string {
  const args = status === undefined ? { location: { template } } : { status, location: { template } };
  const action = verbs.redirect!(args, fakeLinker({ placeholders }));
  assert.ok(action.kind === 'answer');
  const answer = action.answer(facts);
  assert.equal(answer.status, status ?? 302);
  assert.equal(answer.body, null);
  assert.equal(answer.headers.length, 1);
  assert.equal(answer.headers[0]![0], 'Location');
  return answer.headers[0]![1];
}

const PATH = { placeholder: 'path', key: null };

test('redirect fills its template and answers 302 by default', () => {
  const written = ['https://', { placeholder: 'host', key: null }, PATH, { placeholder: 'query', key: null }];
  const values = { host: 'www.example.com', path: '/a', query: '?b=c%20d' };
  assert.equal(locationOf(written, values), 'https://www.example.com/a?b=c%20d');
  assert.equal(locationOf(['https://example.org/'], {}, 308), 'https://example.org/');
});

test('redirect percent-encodes whatever is not allowed in a Location', () => {
  assert.equal(locationOf(['/caf\u00e9 \u{1f600}']), '/caf%C3%A9%20%F0%9F%98%80');
  assert.equal(
    locationOf(['/', { placeholder: 'x', key: null }], { x: 'a\r\nSet-Cookie: b="c"' }),
    '/a%0D%0ASet-Cookie:%20b=%22c%22',
  );
  assert.equal(locationOf(['/\ud800']), '/%EF%BF%BD');
});

test('redirect never turns a path of the client into a host', () => {
  assert.equal(locationOf([PATH], { path: '//evil.example/x' }), '/.//evil.example/x');
  assert.equal(locationOf(['/', PATH], { path: '/evil.example' }), '/.//evil.example');
  assert.equal(new URL('/.//evil.example/x', 'http://www.example.com').host, 'www.example.com');
  assert.equal(locationOf(['//cdn.example.com', PATH], { path: '/x' }), '//cdn.example.com/x');
});

for (const status of [200, 300, 304, 305, 404]) {
  test(`redirect refuses the status ${status}`, () => {
    assert.throws(() => verbs.redirect!({ status, location: { template: ['/'] } }, fakeLinker()), {
      message: `a redirect can have status 301, 302, 303, 307 or 308, not ${status}`,
    });
  });
}

test('send routes to its backend', () => {
  const action = verbs.send!({ backend: 'api' }, fakeLinker({ backends: ['app', 'api'] }));
  assert.ok(action.kind === 'route');
  assert.equal(action.route(facts), 1);
});

test('send refuses a backend that does not exist', () => {
  assert.throws(
    () => verbs.send!({ backend: 'apo' }, fakeLinker({ backends: ['app', 'api'] })),
    /unknown backend "apo"/,
  );
});

function edit(verb: string, header: string): string[] {
  const action = verbs[verb]!(
    { header, value: { template: ['a', PATH] } },
    fakeLinker({ placeholders: { path: '/b' } }),
  );
  assert.ok(action.kind === 'change');
  const seen: string[] = [];
  const fields: FieldEditor = {
    set: (name, value) => seen.push(`set ${name}: ${value}`),
    add: (name, value) => seen.push(`add ${name}: ${value}`),
    remove: (name) => seen.push(`remove ${name}`),
  };
  action.change(facts, fields);
  return seen;
}

test('set, add and remove header edit the field they name', () => {
  assert.deepEqual(edit('set header', 'X-Team'), ['set X-Team: a/b']);
  assert.deepEqual(edit('add header', 'X-Team'), ['add X-Team: a/b']);
  assert.deepEqual(edit('remove header', 'X-Team'), ['remove X-Team']);
  assert.deepEqual(edit('set header', 'Host'), ['set Host: a/b']);
});

for (const verb of ['set header', 'add header', 'remove header']) {
  for (const header of [
    'Connection',
    'content-length',
    'TRANSFER-ENCODING',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Proxy-Connection',
  ]) {
    test(`${verb} refuses ${header}`, () => {
      assert.throws(() => edit(verb, header), {
        message: `${verb} ${header}: this header belongs to the connection and is managed by the gateway: remove the rule`,
      });
    });
  }
  test(`${verb} refuses invalid header names`, () => {
    for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'é'])
      assert.throws(() => edit(verb, name), /this is not a header name/);
  });
}

test('a request keeps exactly one Host', () => {
  assert.throws(() => edit('add header', 'Host'), /a request has exactly one Host/);
  assert.throws(() => edit('remove header', 'host'), /a request has exactly one Host/);
});
