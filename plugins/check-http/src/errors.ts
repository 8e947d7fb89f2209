/**
 * The table of everything that `check GET …` refuses, SP05xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const checkError = pluginErrors({
  SP0501: {
    message: 'CONNECT opens a tunnel and asks for no path: write `check GET …`, or `check tcp` for a bare connection',
    fix: 'Use GET, or `check tcp` to see whether the server accepts connections.',
  },
  SP0502: {
    message: '`expect body contains ""` is true of every body: write the text, or leave it out',
    fix: 'Write the text that a healthy server’s response contains.',
  },
  SP0503: {
    message: 'the text behind `expect body contains` is longer than the {kib} KiB of a body that are looked at',
    fix: 'Write a shorter text that tells a healthy response from others.',
  },
  SP0504: {
    message:
      'an answer to HEAD has no body, so `expect body contains` never passes: write `check GET …`, or leave it out',
    fix: 'Use GET to look at the body.',
  },
  SP0505: {
    message: '`expect {statuses}` never passes: answers with 1xx are interim, and the one behind them counts',
    fix: 'Expect the final status, such as `expect 200`.',
  },
  SP0506: {
    message:
      '`drain on` takes every status of {passing} for itself, so no server would ever get new clients: leave one of them to `expect`',
    fix: 'Let `drain on` and `expect` have different statuses.',
  },
  SP0507: {
    message:
      'answers with status {statuses} have no body, so `expect body contains` never passes: expect another status, or leave it out',
    fix: 'Expect a status whose responses have a body, such as 200.',
  },
  SP0508: {
    message: 'host {host} is not a host: write `host www.example.com`',
    fix: 'Write what the Host header of the check shall be, without blanks.',
  },
  SP0509: {
    message: '`https` and `without tls` contradict each other: write `check GET … without tls`',
    fix: 'Remove `https` or `without tls`.',
  },
  SP0510: {
    message: 'name {name} is not the name of a host: write `name api.internal`',
    fix: 'Write the name that the server’s certificate has, without a scheme or port.',
  },
  SP0511: {
    message: '`ca` and `insecure` contradict each other: leave one of them out',
    fix: 'Keep `ca` to verify servers, or `insecure` to accept any certificate.',
  },
  SP0512: {
    message: '{file} cannot be read ({reason})',
    fix: 'Check the path, which is relative to the folder of the rule file, and the permissions of the file.',
  },
  SP0513: {
    message: '{file} holds no certificate in PEM form',
    fix: 'Name the PEM file with the certificates of the authorities.',
  },
  SP0514: {
    message: '{file}: certificate {number} cannot be read',
    fix: 'Get the certificate again: this copy is damaged.',
  },
});
