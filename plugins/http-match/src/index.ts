/**
 * The manifest of http-match: the HTTP fields, and the verbs redirect, send and set, add, remove header. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { FIELDS } from './fields.ts';
import { VERBS } from './verbs.ts';

export default definePlugin({
  name: 'http-match',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  words: [...FIELDS, ...VERBS],
});
