/**
 * LogLine: one line of an access log, in either format, as what it says of a request or a connection and of what happened to it.
 * Any thread.
 *
 * What a line does not say is `undefined`, which is not the same as null: null says that there was none.
 */

import { hostText, type IpAddress, parseIp, readAuthority } from '@sluice/dsl/match';
import { readCombinedLine } from './combined-line.ts';
import { readJsonLine } from './json-line.ts';
import { quoted } from './quotation.ts';

export interface LogLine {
  readonly format: 'json' | 'combined';
  readonly client: IpAddress | undefined;
  /** Of a connection, which has no method, host, path, query and status. */
  readonly isConnection?: true;
  /** It was refused before any rule was asked, so no rule can change that. */
  readonly isRefused?: true;
  readonly method: string;
  readonly scheme: 'http' | 'https' | undefined;
  /** Lower case, without a port. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** The name and the protocols in the hello of TLS; a null name: it had none. */
  readonly sni?: string | null | undefined;
  readonly alpn?: readonly string[] | undefined;
  /** As it was sent or as it was normalised: normalising again changes nothing. */
  readonly path: string;
  readonly query: string;
  /** By lower-case name; null: it was not there. Others are unknown. */
  readonly headers: Readonly<Record<string, string | readonly string[] | null>>;
  readonly listener: string | undefined;
  readonly status: number | undefined;
  /** The rule that decided, as `file:line:column`. */
  readonly rule: string | null | undefined;
  readonly backend: string | null | undefined;
}

/** BadLine says in a few words why a line is none. */
export class BadLine extends Error {}

/** Longest line that is read, in bytes. */
export const LINE_LIMIT = 256 * 1024;

/** readLogLine tells the format by the first character. Throws BadLine. */
export function readLogLine(text: string): LogLine {
  return text.startsWith('{') ? readJsonLine(text) : readCombinedLine(text);
}

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;

/** methodOf checks a method. Throws BadLine. */
export function methodOf(text: string): string {
  if (METHOD.test(text)) return text;
  throw new BadLine(`${quoted(text, 40)} is not a method`);
}

/** statusOf checks a status. Throws BadLine. */
export function statusOf(value: number): number {
  if (Number.isInteger(value) && value >= 100 && value <= 999) return value;
  throw new BadLine(`\`${value}\` is not a status`);
}

/** hostOf reads a host as live traffic does, with a port or without; an address may stand without its brackets, as logs have it. */
export function hostOf(text: string): { readonly host: string; readonly port: number | undefined } {
  if (text === '') return { host: '', port: undefined };
  const address = parseIp(text);
  const authority = readAuthority(address === null ? text : hostText(address.text));
  if (authority === null) throw new BadLine(`${quoted(text)} is not a host`);
  return { host: authority.host, port: authority.port ?? undefined };
}
