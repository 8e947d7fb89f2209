import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderNames } from '@sluice/dsl/match';
import { DEFAULT_PATHS } from '@sluice/dsl/plan';
import { DROPPED } from '../../../src/data/message/field-block.ts';
import { LiveRequest } from '../../../src/data/message/live-request.ts';
import { CAPITAL_METHODS } from '../../../src/data/message/method.ts';
import { dropAliases } from '../../../src/data/message/own-fields.ts';
import { parseRequestHead } from '../../../src/data/message/request-head.ts';

const LIMITS = { headBytes: 16_384, targetBytes: 8192, headerCount: 100, methods: CAPITAL_METHODS };

test('what servers may take for a field that rules name is dropped, and the field itself stays', () => {
  const request = new LiveRequest();
  const names = ['X-Team', 'x_team', 'X_TEAM_', 'X.Team', 'api_key', 'Api-Key', 'Other_One'];
  const head = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${names.map((name) => `${name}: 1\r\n`).join('')}\r\n`);
  assert.ok(parseRequestHead(request, head, 0, head.length, LIMITS, DEFAULT_PATHS) > 0);
  dropAliases(request, new HeaderNames(['x-team', 'api_key']));
  const dropped = names.filter((_, index) => request.fields.kind(index + 1) === DROPPED);
  assert.deepEqual(dropped, ['x_team', 'X.Team', 'Api-Key']);
});
