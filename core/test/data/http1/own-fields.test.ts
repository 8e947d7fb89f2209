import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldEdits } from '../../../src/data/http1/field-edits.ts';
import { LiveRequest } from '../../../src/data/http1/live-request.ts';
import { CAPITAL_METHODS } from '../../../src/data/http1/method.ts';
import { hideOwnFields } from '../../../src/data/http1/own-fields.ts';
import { parseRequestHead } from '../../../src/data/http1/request-head.ts';

const LIMITS = { headBytes: 16_384, targetBytes: 8192, headerCount: 100, methods: CAPITAL_METHODS };

test('own fields are hidden, and what some servers take for them', () => {
  const request = new LiveRequest();
  const names = ['X-Team', 'x_team', 'X_TEAM_', 'X-Team-Name', 'x-team_name', 'Other_One'];
  const head = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${names.map((name) => `${name}: 1\r\n`).join('')}\r\n`);
  assert.ok(parseRequestHead(request, head, 0, head.length, LIMITS, false) > 0);
  const edits = new FieldEdits();
  hideOwnFields(request, ['x-team', 'x-team-name'], edits);
  const hidden = names.filter((_, index) => edits.hides(request.fields, index + 1, request.head));
  assert.deepEqual(hidden, ['X-Team', 'x_team', 'X-Team-Name', 'x-team_name']);
});
