import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../src/plan/index.ts';
import { codesOf, compileText, conditionOf, inContext, listenerOf, planOf, problemOf } from '../compile-text.ts';

/** short writes a condition without places, for comparison. */
function short(condition: Condition): unknown {
  switch (condition.kind) {
    case 'all':
      return 'all';
    case 'test': {
      const { field, key, operator, values, anycase, every } = condition;
      return [every ? 'every' : null, field, key, operator, ...values, anycase ? 'anycase' : null]
        .filter((part) => part !== null)
        .join(' ');
    }
    case 'named':
      return { [condition.name]: short(condition.of) };
    case 'not':
      return { not: short(condition.of) };
    default:
      return { [condition.kind]: condition.of.map(short) };
  }
}

for (const [written, wanted] of [
  ['all', 'all'],
  ['ip 10.0.0.0/8', 'ip is 10.0.0.0/8'],
  ['ip in 2001:DB8:0:0::1, ::ffff:10.0.0.1', 'ip in 2001:db8::1 10.0.0.1'],
  ['port between 1, 1024', 'port between 1 1024'],
  ['port over 1024', 'port over 1024'],
  ['path under /a, /b', 'path under /a /b'],
  ['path ends .PHP anycase', 'path ends .PHP anycase'],
  ['path matches r"^/v[0-9]+"', 'path matches ^/v[0-9]+'],
  ['path is "/a,b"', 'path is /a,b'],
  ['host WWW.Example.COM', 'host is www.example.com'],
  ['host is [2001:DB8::1]', 'host is 2001:db8::1'],
  ['host like *.Example.com', 'host like *.example.com'],
  ['method PROPFIND', 'method is PROPFIND'],
  ['header X-Team is Blue', 'header x-team is Blue'],
  ['header X-Team blue', 'header x-team is blue'],
  ['every header X-Team is blue', 'every header x-team is blue'],
  ['header Is is is', 'header is is is'],
  ['cookie Sid present', 'cookie Sid present'],
  ['query page absent', 'query page absent'],
  ['not ip 10.0.0.1', { not: 'ip is 10.0.0.1' }],
  ['(ip 10.0.0.1)', 'ip is 10.0.0.1'],
  ['not (ip 10.0.0.1 or port 80)', { not: { or: ['ip is 10.0.0.1', 'port is 80'] } }],
  ['ip 10.0.0.1 and port 80 and method GET', { and: ['ip is 10.0.0.1', 'port is 80', 'method is GET'] }],
  ['(ip 10.0.0.1 or port 80) and all', { and: [{ or: ['ip is 10.0.0.1', 'port is 80'] }, 'all'] }],
] as const) {
  test(`a condition: ${written}`, async () => assert.deepEqual(short(await conditionOf(written)), wanted));
}

test('definitions are kept by name, may use one another, and may come later', async () => {
  const plan = await planOf(
    'listener web on :80 { deny outside; otherwise deny }\ndefine outside = not inside\ndefine inside = ip 10.0.0.0/8 or office\ndefine office = ip 192.0.2.1',
  );
  const inside = { inside: { or: ['ip is 10.0.0.0/8', { office: 'ip is 192.0.2.1' }] } };
  assert.deepEqual(short(plan.listeners[0]!.guards[0]!.when!), { outside: { not: inside } });
});

test('a list means its values, alone and among others', async () => {
  const plan = await planOf(
    'list office = ips 192.0.2.0/24, 2001:db8::1\nlistener web on :80 { deny ip office; deny ip office, 10.0.0.1; otherwise deny }',
  );
  const [alone, among] = plan.listeners[0]!.guards;
  assert.deepEqual(short(alone!.when!), 'ip is 192.0.2.0/24 2001:db8::1');
  assert.deepEqual(short(among!.when!), 'ip is 192.0.2.0/24 2001:db8::1 10.0.0.1');
});

test('places span what they are about', async () => {
  const { guards } = await listenerOf('deny not ip 10.0.0.1 and (port 80 or all)');
  const when = guards[0]!.when as Condition & { readonly of: readonly Condition[] };
  assert.deepEqual([when.place.line, when.place.column, when.place.length], [2, 8, 36]);
  const not = when.of[0] as Extract<Condition, { kind: 'not' }>;
  assert.deepEqual([not.place.column, not.place.length], [8, 15]);
  assert.deepEqual([not.of.place.column, not.of.place.length], [12, 11]);
  assert.deepEqual([guards[0]!.place.column, guards[0]!.place.length], [3, 41]);
});

for (const [written, code] of [
  ['not header X-Team is blue', 'SL0305'],
  ['not (path is /a and header X-Team is blue)', 'SL0305'],
  ['not header X-Team is blue or header X-Other absent', 'SL0305'],
  ['path is /a and not cookie sid is x', 'SL0305'],
] as const) {
  test(`not over what may be absent is an error: ${written}`, async () => {
    const { fix } = await problemOf(`deny ${written}`);
    assert.match(fix!, /absent` to mean that, or `and (header|cookie) \S+ present` to leave them out/);
    assert.equal((await problemOf(`deny ${written}`)).code, code);
  });
}

for (const written of [
  'not header X-Team present',
  'not header X-Team is blue and header X-Team present',
  'not header X-Team is blue or header X-Team absent',
  'not (not header X-Team is blue)',
  'not host is example.com',
]) {
  test(`not is fine where nothing can be missed: ${written}`, async () => {
    await conditionOf(written);
  });
}

test('not over a definition that tests something optional is the same hole', async () => {
  const { code, place } = await problemOf(
    'define blue = header X-Team is blue\nlistener two on :81 { deny not blue; otherwise deny }',
    'top',
  );
  assert.deepEqual([code, place.line, place.column], ['SL0305', 2, 28]);
});

for (const [written, fix] of [
  ['ip 10.0.0', 'Did you mean `10.0.0.0/24`?'],
  ['ip 10.*', 'Did you mean `10.0.0.0/8`?'],
  ['ip 10.0.0.1:80', 'Did you mean `10.0.0.1`?'],
  ['ip 010.0.0.1', 'Did you mean `10.0.0.1`?'],
  ['ip 2001:db8::1/32', 'Write `2001:db8::/32` for the network, or `2001:db8::1` for the one address'],
  ['host is https://example.com/x', 'Write only the host: `example.com`'],
  ['host is *.example.com', 'Write `like *.example.com`, or `ends .example.com`'],
  ['host is bücher.example', 'Write the name in its DNS form: `xn--bcher-kva.example`'],
  ['path is /a?b=c', 'The part after `?` is the field `query`'],
  ['path is /%7Ea', 'Write `/~a`'],
  ['path is /café', 'Write `/caf%C3%A9`'],
  ['path under *.php', 'Write `/.php`'],
  ['path begins /a', null],
  ['path start /a', 'Did you mean `starts`?'],
  ['method gte', 'Did you mean `GET`?'],
  ['header X-Team: is blue', 'Write `X-Team`'],
  ['header Conten-Type is text/html', 'Did you mean `Content-Type`?'],
  ['hsot is example.com', 'Did you mean `host`?'],
] as const) {
  test(`the fix of: ${written}`, async () => {
    const problem = await problemOf(`deny ${written}`);
    if (fix !== null) assert.equal(problem.fix, fix);
  });
}

for (const [construct, name] of [
  ['(?=a)', 'a lookahead'],
  ['(?<!a)b', 'a negative lookbehind'],
  ['(a)\\1', 'a backreference'],
  ['(?P<n>a)(?P=n)', 'a backreference'],
  ['(?>a)', 'an atomic group'],
  ['a++', 'a possessive quantifier'],
] as const) {
  test(`a regular expression with ${name} is named as such`, async () => {
    const { code, message } = await problemOf(`deny path matches r"${construct}"`);
    assert.deepEqual([code, message], ['SL0218', `${name} cannot be matched in linear time`]);
  });
}

test('definitions that use one another thousands deep are an error, not a full stack', async () => {
  const chain = Array.from(
    { length: 20_000 },
    (_, at) => `define d${at} = ${at === 0 ? '' : `d${at - 1} or `}path is /${at}`,
  );
  const codes = codesOf(
    (await compileText(`${chain.join('\n')}\n${inContext('listener', 'deny d19999')}`)).diagnostics,
  );
  assert.match(codes.join(' '), /^SL0310 65:8/);
});

for (const joint of ['and', 'or']) {
  test(`a guard with nothing before its \`${joint}\` is refused, not left out`, async () => {
    const { plan, diagnostics } = await compileText(inContext('listener', `deny ${joint} ip 10.0.0.1`));
    assert.deepEqual([plan, codesOf(diagnostics)], [null, ['SL0111 2:8']]);
  });
}
