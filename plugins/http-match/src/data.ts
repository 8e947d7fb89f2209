/**
 * The functions of http-match, by the names in its manifest. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import type { EndFacts, ResponseFacts } from '@sluice/dsl/match';
import { cookieValues } from './cookies.ts';
import { removeCookie } from './edit-cookie.ts';
import { addHeader, removeHeader, setHeader } from './edit-header.ts';
import { removeQuery, setQuery } from './edit-query.ts';
import { listMembers } from './list-members.ts';
import { queryValues } from './query.ts';
import { redirect } from './redirect.ts';
import { rewrite } from './rewrite.ts';
import { send, sendToMap } from './send.ts';
import { setCookie } from './set-cookie.ts';

export const fields: NonNullable<DataEntry['fields']> = {
  path: (facts) => facts.path,
  method: (facts) => facts.method,
  host: (facts) => facts.host,
  scheme: (facts) => facts.scheme,
  header: (facts, key) => facts.header(key!),
  'list header': (facts, key) => listMembers(facts.header(key!)),
  // Words of the response phase are asked with ResponseFacts only.
  'response header': (facts, key) => (facts as ResponseFacts).answerHeader(key!),
  'response list header': (facts, key) => listMembers((facts as ResponseFacts).answerHeader(key!)),
  status: (facts) => (facts as ResponseFacts).status,
  // Words of the phase `ended` are asked with EndFacts only.
  duration: (facts) => (facts as EndFacts).durationMs,
  retries: (facts) => (facts as EndFacts).retries,
  'sent to': (facts) => (facts as EndFacts).backend,
  'served by': (facts) => (facts as EndFacts).server,
  'ended by': (facts) => (facts as EndFacts).endedBy,
  cookie: (facts, key) => cookieValues(facts.header('cookie'), key!),
  query: (facts, key) => queryValues(facts.query, key!),
};

export const verbs: NonNullable<DataEntry['verbs']> = {
  redirect,
  send,
  'send to map': sendToMap,
  'set header': setHeader,
  'add header': addHeader,
  'remove header': removeHeader,
  rewrite,
  'set query': setQuery,
  'remove query': removeQuery,
  'remove cookie': removeCookie,
  'set cookie': setCookie,
};
