/**
 * Protocol: which HTTP a listener speaks, and which methods it accepts. Main thread.
 */
import { listenerSetting } from './listener-setting.ts';

export const protocol = listenerSetting({
  name: 'protocol',
  doc: 'speaks HTTP/1.1 alone with clients, and no HTTP/2',
  example: 'protocol http1',
  isHttpOnly: true,
  args: [{ name: 'name', type: 'name', doc: '`http1`', choices: ['http1'] }],
  defaults: () => ({ isHttp1Only: undefined }),
  why: 'clients choose between HTTP/1.1 and HTTP/2',
  read: () => ({ isHttp1Only: true }),
});

export const methods = listenerSetting({
  name: 'methods',
  doc: 'which request methods are accepted; without it any in capitals, and others get 501',
  example: 'methods standard',
  isHttpOnly: true,
  args: [
    {
      name: 'which',
      type: 'name',
      doc: '`standard`: GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS; `any`: any, also with small letters, which rules see in capitals',
      choices: ['standard', 'any'],
    },
  ],
  defaults: () => ({ methods: undefined }),
  why: 'methods in small letters are mistakes, mostly of attackers',
  read: ({ args }) => ({ methods: args.which }),
});

export const onHalfClose = listenerSetting({
  name: 'on half-close',
  doc: 'what becomes of a request without an answer whose client has ended its side of the connection',
  example: 'on half-close answer',
  args: [
    {
      name: 'fate',
      type: 'name',
      doc: '`abort`: the client is taken to have gone, which is the default of http; `answer`: it is still answered, the default of tcp',
      choices: ['abort', 'answer'],
    },
  ],
  defaults: () => ({ onHalfClose: undefined }),
  why: 'an HTTP client that closes has usually gone; a TCP client may still read',
  read: ({ args }) => ({ onHalfClose: args.fate }),
});
