/**
 * The table of everything that `check GET …` refuses, SP05xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const checkError = pluginErrors({
  SP0501: {
    message: 'CONNECT opens a tunnel and requests no path: write `check GET …`, or `check tcp` for a bare connection',
    fix: 'Use GET, or `check tcp` to check only whether the server accepts connections.',
  },
  SP0502: {
    message: '`expect body contains ""` is true for every body: add the text, or remove it',
    fix: 'Write the text that a healthy server’s response contains.',
  },
  SP0503: {
    message: 'the text after `expect body contains` is longer than the {kib} KiB of a body that are examined',
    fix: 'Write a shorter text that distinguishes a healthy response.',
  },
  SP0504: {
    message:
      'a response to HEAD has no body, so `expect body contains` never passes: write `check GET …`, or remove it',
    fix: 'Use GET to examine the body.',
  },
  SP0505: {
    message: '`expect {statuses}` never passes: 1xx responses are interim, and only the final one counts',
    fix: 'Expect the final status, such as `expect 200`.',
  },
  SP0506: {
    message:
      '`drain on` includes every status of {passing}, so no server would ever get new clients: leave at least one to `expect`',
    fix: 'Use different statuses for `drain on` and `expect`.',
  },
  SP0507: {
    message:
      'responses with status {statuses} have no body, so `expect body contains` never passes: expect another status, or remove it',
    fix: 'Expect a status whose responses have a body, such as 200.',
  },
  SP0508: {
    message: 'host {host} is not a host: write `host www.example.com`',
    fix: 'Write the value of the check’s Host header, without spaces.',
  },
  SP0509: {
    message: '`https` and `without tls` contradict each other: write `check GET … without tls`',
    fix: 'Remove `https` or `without tls`.',
  },
  SP0510: {
    message: 'name {name} is not a hostname: write `name api.internal`',
    fix: 'Write the name in the server’s certificate, without a scheme or port.',
  },
  SP0511: {
    message: '`ca` and `insecure` contradict each other: remove one of them',
    fix: 'Keep `ca` to verify servers, or `insecure` to accept any certificate.',
  },
  SP0512: {
    message: '{file} cannot be read ({reason})',
    fix: 'Check the path, which is relative to the folder of the rule file, and the permissions of the file.',
  },
  SP0513: {
    message: '{file} contains no certificate in PEM form',
    fix: 'Name the PEM file with the certificates of the authorities.',
  },
  SP0514: {
    message: '{file}: certificate {number} cannot be read',
    fix: 'Download the certificate again: this copy is damaged.',
  },
});
