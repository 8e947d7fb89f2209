/**
 * The declarations of the HTTP fields: data that the compiler reads. Main thread only.
 */
import type { Operator } from '@sluice/dsl/plan';
import type { FieldWord } from '@sluice/dsl/vocabulary';

const TEXT: readonly Operator[] = ['is', 'in', 'starts', 'ends', 'contains', 'like', 'matches'];

/** The methods of RFC 9110, section 9, and PATCH of RFC 5789. Others are allowed too. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** FIELDS: what a condition may ask of an HTTP request. */
export const FIELDS: readonly FieldWord[] = [
  {
    kind: 'field',
    name: 'path',
    doc: 'The normalised, percent-encoded path, without the query. Say how to compare: `is`, `under`, `starts`…',
    example: 'path under /admin',
    phase: 'request',
    type: 'text',
    operators: ['is', 'in', 'under', 'starts', 'ends', 'contains', 'like', 'matches'],
    defaultOperator: null,
    index: 'path',
  },
  {
    kind: 'field',
    name: 'method',
    doc: 'The request method, in capitals as it was sent.',
    example: 'method POST, PUT',
    phase: 'request',
    type: 'text',
    operators: ['is', 'in'],
    defaultOperator: 'is',
    values: METHODS,
    isOpen: true,
    index: 'text',
  },
  {
    kind: 'field',
    name: 'host',
    doc: 'The host name of the request, without its port. Ignores case.',
    example: 'host like *.example.com',
    phase: 'request',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    ignoresCase: true,
    index: 'host',
  },
  {
    kind: 'field',
    name: 'header',
    doc: 'The values of a request header, one for each time it was sent. Commas inside a value do not split it.',
    example: 'header User-Agent contains "sqlmap" anycase',
    phase: 'request',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    key: { placeholder: 'NAME', ignoresCase: true },
    isOptional: true,
    isMany: true,
    index: 'text',
  },
  {
    kind: 'field',
    name: 'cookie',
    doc: 'The values of a cookie, as they were sent. Cookie names are case-sensitive.',
    example: 'cookie beta is on',
    phase: 'request',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    key: { placeholder: 'NAME', ignoresCase: false },
    isOptional: true,
    isMany: true,
    index: 'text',
  },
  {
    kind: 'field',
    name: 'query',
    doc: 'The values of a query parameter, with `%41` and `+` decoded. Parameter names are case-sensitive.',
    example: 'query debug is 1',
    phase: 'request',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    key: { placeholder: 'NAME', ignoresCase: false },
    isOptional: true,
    isMany: true,
    index: 'text',
  },
  {
    kind: 'field',
    name: 'scheme',
    doc: 'How the client speaks to the gateway: `http` or `https`.',
    example: 'scheme http',
    phase: 'request',
    type: 'text',
    operators: ['is', 'in'],
    defaultOperator: 'is',
    values: ['http', 'https'],
    index: 'text',
  },
];
