import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { EVENTS, EventStreams } from '../../src/admin/event-streams.ts';

test('the stream contains all events of the gateway, including discovery', async () => {
  const gateway = new EventEmitter();
  const streams = new EventStreams(gateway as never);
  const response = Object.assign(new PassThrough(), { writeHead: () => response });
  streams.open(response as never);
  assert.ok(EVENTS.includes('discovery'));
  for (const name of EVENTS) gateway.emit(name, { is: name });
  streams.close();
  const text = (await response.toArray()).join('');
  for (const name of EVENTS) assert.ok(text.includes(`event: ${name}\ndata: {"is":"${name}"}\n\n`), name);
  for (const name of EVENTS) assert.equal(gateway.listenerCount(name), 0, 'nothing is left on the gateway');
});
