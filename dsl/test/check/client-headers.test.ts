import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText } from '../compile-text.ts';

async function compiled(lines: string, before = '') {
  const { diagnostics, plan } = await compileText(`${before}
listener edge on :443 {
  ${lines}
  otherwise send to app
}
backend app of a:80`);
  return { plan: plan?.listeners[0], found: diagnostics.map(({ code, message }) => `${code} ${message}`) };
}

test('what rules read and write of a request’s header is noted, once and in lower case', async () => {
  const { plan, found } = await compiled(
    `client ip from header CF-Connecting-IP trust 10.0.0.0/8
  limit 5/s per header X-Key
  deny strange
  set header X-Secret to "{header.x-from}"
  remove header X-SECRET
  on response { set header X-Answer to "a" }`,
    'define strange = header X-Debug present or not header X_Odd absent or cookie sid absent',
  );
  assert.deepEqual(found, []);
  assert.deepEqual(plan?.judgedHeaders?.toSorted(), [
    'cf-connecting-ip',
    'x-debug',
    'x-from',
    'x-key',
    'x-secret',
    'x_odd',
  ]);
  assert.equal((await compiled('deny path is /a')).plan?.judgedHeaders, undefined);
});

test('`keep` after the trusted peers lists other trusted headers', async () => {
  const line = 'client ip from header X-Forwarded-For trust 10.0.0.0/8, 192.0.2.1';
  assert.deepEqual((await compiled(`${line} keep X-Forwarded-Proto, x-forwarded-host`)).plan?.clientIp, {
    header: 'x-forwarded-for',
    trust: ['10.0.0.0/8', '192.0.2.1'],
    trustLists: [],
    keep: ['x-forwarded-proto', 'x-forwarded-host'],
  });
  assert.equal((await compiled(line)).plan?.clientIp?.keep, undefined);
  for (const name of ['X-Real-IP', 'X-Forwarded-For', 'Forwarded', 'X-Forwarded-Prot'])
    assert.match((await compiled(`${line} keep ${name}`)).found.join(), /^SL0614 /, name);
});
