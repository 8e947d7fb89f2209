/**
 * Protocol: which HTTP a listener speaks, and which methods it accepts. Main thread.
 */
import { listenerSetting } from './listener-setting.ts';

export const protocol = listenerSetting({
  name: 'protocol',
  doc: 'speaks only HTTP/1.1 with clients, not HTTP/2',
  example: 'protocol http1',
  isHttpOnly: true,
  args: [{ name: 'name', type: 'name', doc: '`http1`', choices: ['http1'] }],
  defaults: () => ({ isHttp1Only: undefined }),
  why: 'clients choose between HTTP/1.1 and HTTP/2',
  read: () => ({ isHttp1Only: true }),
});

export const methods = listenerSetting({
  name: 'methods',
  doc: 'the request methods that are accepted; by default any in capitals, and others get 501',
  example: 'methods standard',
  isHttpOnly: true,
  args: [
    {
      name: 'which',
      type: 'name',
      doc: '`standard`: GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS; `any`: any, including those with lower-case letters, which rules see in capitals',
      choices: ['standard', 'any'],
    },
  ],
  defaults: () => ({ methods: undefined }),
  why: 'methods in small letters are mistakes, mostly of attackers',
  read: ({ args }) => ({ methods: args.which }),
});

export const onHalfClose = listenerSetting({
  name: 'on half-close',
  doc: 'what happens to an unanswered request when its client closes its side of the connection',
  example: 'on half-close answer',
  args: [
    {
      name: 'fate',
      type: 'name',
      doc: '`abort` (the default for http): the client is assumed to be gone; `answer` (the default for tcp): it still gets its response',
      choices: ['abort', 'answer'],
    },
  ],
  defaults: () => ({ onHalfClose: undefined }),
  why: 'an HTTP client that closes has usually gone; a TCP client may still read',
  read: ({ args }) => ({ onHalfClose: args.fate }),
});
