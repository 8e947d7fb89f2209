import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerEndpoint } from '../../../src/data/endpoint/server-endpoint.ts';
import type { ServerConnection } from '../../../src/data/http1/server-connection.ts';

/** kept makes idle connections that were introduced so, and keeps them. */
function keeping() {
  const endpoint = new ServerEndpoint(0, { host: '127.0.0.1', port: 1 });
  const closed: string[] = [];
  const keep = (introduction: string): boolean => {
    const connection = {
      introduction,
      idleSince: 0,
      remote: '',
      loop: { names: null },
      discard(): void {
        endpoint.lose(this as unknown as ServerConnection);
        closed.push(introduction);
      },
    };
    return endpoint.keep(connection as unknown as ServerConnection);
  };
  return { endpoint, closed, keep };
}

test('of connections that were introduced as some client’s, the oldest make room', () => {
  const { closed, keep } = keeping();
  for (let client = 0; client < 1024; client++) assert.ok(keep(`client ${client}`));
  assert.deepEqual(closed, []);
  assert.ok(keep('client 1024'));
  assert.ok(keep('client 1025'));
  assert.deepEqual(closed, ['client 0', 'client 1']);
});

test('connections kept for a client are closed with it, and no others', () => {
  const { endpoint, closed, keep } = keeping();
  for (const introduction of ['a', 'b', 'a', '']) keep(introduction);
  endpoint.forgetIntroduction('a');
  assert.deepEqual(closed, ['a', 'a']);
  endpoint.forgetIntroduction('nobody');
  endpoint.flush();
  assert.deepEqual(closed, ['a', 'a', '', 'b']);
});
