/**
 * ShowExplanation: an explanation as people read it: every rule that was asked, what it compared, and who decided. Main thread.
 */
import { relative } from 'node:path';
import type { ConditionExplanation, Explanation, RuleExplanation, ServerExplanation } from '@sluice/core';
import { addressText } from '@sluice/dsl';
import { parseIp } from '@sluice/dsl/match';
import type { Colours } from './terminal.ts';

/** showExplanation returns the text, without a last line end. */
export function showExplanation(explanation: Explanation, colours: Colours): string {
  return new Page(colours).write(explanation);
}

/** A line of two columns: the right one is set under those of its neighbours. */
interface Row {
  readonly left: string;
  /** Width of `left` as seen, without colours. */
  readonly width: number;
  readonly right: string;
}

const PASSED = '      lets this request continue';

class Page {
  readonly #colours: Colours;
  readonly #lines: string[] = [];

  constructor(colours: Colours) {
    this.#colours = colours;
  }

  write(explanation: Explanation): string {
    this.#head(explanation);
    this.#part('before TLS is opened', explanation.passthroughs, explanation.by);
    this.#part('guards', explanation.guards, explanation.by);
    this.#part('changes', explanation.changes, explanation.by);
    this.#part('routes', explanation.routes, explanation.by);
    this.#verdict(explanation);
    this.#otherwise(explanation);
    this.#edits(explanation);
    this.#responses(explanation);
    this.#servers(explanation);
    this.#basis(explanation);
    return this.#lines.join('\n');
  }

  #head({ request, listener }: Explanation): void {
    const { bold, dim } = this.#colours;
    const hello = helloText(request);
    if (request.scheme === 'tcp') {
      const line = `tcp to :${request.port}${hello}`;
      this.#lines.push(`${bold(line)} from ${bold(request.ip)}`, dim(`listener ${listener}`));
      return;
    }
    const isUsualPort = request.port === (request.scheme === 'https' ? 443 : 80);
    const host = request.host.includes(':') ? `[${request.host}]` : request.host;
    const query = request.query === '' ? '' : `?${request.query}`;
    const target = `${request.path}${query}`;
    // What is refused may be no URL at all.
    const isUrl = host !== '' && (request.path.startsWith('/') || request.path === '*');
    const url = isUrl ? `${request.scheme}://${host}${isUsualPort ? '' : `:${request.port}`}${target}` : target;
    this.#lines.push(
      `${bold(`${request.method} ${url}${hello}`)} from ${bold(request.ip)}`,
      dim(`listener ${listener}`),
    );
  }

  #part(title: string, rules: readonly RuleExplanation[], by: RuleExplanation | null): void {
    if (rules.length === 0) return;
    const { bold, dim } = this.#colours;
    const rows: Row[] = [];
    for (const rule of rules) {
      const mark = this.#mark(rule.outcome === 'error' ? null : rule.outcome !== 'no match');
      const isDeciding = by !== null && rule.place === by.place;
      rows.push({
        left: `  ${mark} ${isDeciding ? bold(rule.text) : rule.text}`,
        width: 4 + rule.text.length,
        right: dim(shortPlace(rule.place)),
      });
      if (rule.condition !== null) this.#condition(rule.condition, 3, rows);
      if (rule.outcome === 'passed') rows.push({ left: dim(PASSED), width: PASSED.length, right: '' });
      if (rule.error !== null) rows.push(this.#note(`could not be decided: ${rule.error}`, 3));
    }
    this.#lines.push('', bold(title), ...align(rows));
  }

  #condition(condition: ConditionExplanation, depth: number, rows: Row[]): void {
    const { dim, cyan, red } = this.#colours;
    const { text, holds, value, isReached, error, of } = condition;
    const indent = '  '.repeat(depth);
    const width = indent.length + 2 + text.length;
    if (!isReached) {
      rows.push({ left: dim(`${indent}· ${text}`), width, right: dim('not asked') });
      return;
    }
    const mark = this.#mark(error === null ? holds : null);
    const isTest = of.length === 0 && text !== 'all';
    const seen = value === null ? dim('absent') : cyan(value);
    rows.push({ left: `${indent}${mark} ${text}`, width, right: error !== null ? red(error) : isTest ? seen : '' });
    for (const inner of of) this.#condition(inner, depth + 1, rows);
  }

  #verdict({ verdict, by, page, request }: Explanation): void {
    const { bold, dim, green, red, yellow } = this.#colours;
    const reason = 'reason' in verdict ? verdict.reason : undefined;
    const isUnasked = reason !== undefined;
    const place =
      by !== null ? dim(`by ${shortPlace(by.place)}`) : dim(isUnasked ? 'before any rule' : 'no rule decided');
    this.#lines.push('');
    switch (verdict.kind) {
      case 'send':
        this.#lines.push(`${bold(green(`→ backend ${verdict.backend}`))}   ${place}`);
        if (verdict.isPassthrough === true) this.#lines.push(dim('    TLS is passed through undecrypted'));
        break;
      case 'close':
        this.#lines.push(`${bold(red('→ closed'))}   ${place}`);
        if (isUnasked) this.#lines.push(`    ${reason}`);
        break;
      case 'open':
        this.#lines.push(
          `${bold(yellow('→ TLS is terminated'))}   ${dim('no line passes it through')}`,
          dim('    its requests are evaluated individually: explain one of them'),
        );
        break;
      case 'answer': {
        const paint = verdict.status >= 400 ? red : yellow;
        this.#lines.push(`${bold(paint(`→ answer ${verdict.status}`))}   ${place}`);
        if (isUnasked) this.#lines.push(`    ${reason}`);
        for (const [name, value] of verdict.headers) this.#lines.push(`    ${name}: ${value}`);
        break;
      }
      case 'error':
        this.#lines.push(
          `${bold(red(request.scheme === 'tcp' ? '→ closed' : '→ answer 500'))}   ${place}`,
          `    ${verdict.message}`,
        );
    }
    if (page !== null) this.#lines.push(`    ${dim('page')} ${shortPlace(page)}`);
  }

  #otherwise({ otherwise }: Explanation): void {
    if (otherwise === null) return;
    const { dim } = this.#colours;
    const { verdict, by } = otherwise;
    const what = outcomeText(verdict);
    this.#lines.push(dim(`  without it: ${what}${by === null ? '' : `   by ${shortPlace(by.place)}`}`));
  }

  #edits({ edits, verdict }: Explanation): void {
    if (edits.length === 0 || verdict.kind !== 'send') return;
    this.#editLines(edits);
  }

  #responses({ responses, answer, answerEdits, by }: Explanation): void {
    if (responses.length === 0) return;
    const assumed = answer.isAssumed ? `if the server answers ${answer.status}` : `to the answer ${answer.status}`;
    this.#part(`on response   ${this.#colours.dim(assumed)}`, responses, by);
    if (answerEdits.length === 0) return;
    this.#lines.push('');
    this.#editLines(answerEdits);
  }

  #editLines(edits: Explanation['edits']): void {
    const { dim } = this.#colours;
    for (const { edit, name, value } of edits) {
      this.#lines.push(`    ${dim(edit.padEnd(6))} ${name}${value === null ? '' : `: ${value}`}`);
    }
  }

  #servers({ servers, balance, stick, sticky, serve, fallBacks, line, isLive }: Explanation): void {
    for (const { from, to, healthy, below } of fallBacks) {
      this.#lines.push(`  ${from} falls back to ${to}: ${healthy} of its servers are healthy, ${below} are required`);
    }
    if (serve !== null) this.#lines.push(`  it answers requests itself: serve ${serve}`);
    if (servers.length === 0) return;
    const { bold, dim } = this.#colours;
    const choice = [balance === null ? '' : `balance ${balance}`, stick === null ? '' : `stick ${stick}`];
    const states = isLive ? 'as they are now' : 'assumed to be healthy and idle';
    const said = [...choice.filter((part) => part !== ''), states].join(', ');
    this.#lines.push('', `${bold('servers')}   ${dim(said)}`);
    if (sticky !== null) {
      this.#lines.push(`  ${sticky.server === null ? sticky.by : `belongs to ${sticky.server}: ${sticky.by}`}`);
      this.#lines.push(`  ${dim(`${sticky.outcome}: ${sticky.why}`)}`);
    }
    const nameWidth = Math.max(...servers.map(({ name }) => name.length));
    const addressWidth = Math.max(...servers.map((server) => addressOf(server).length));
    if (line !== null) {
      const room = line.server === null ? 'a server with room' : `room on ${line.server}`;
      this.#lines.push(
        `  it is queued for ${room}: ${line.waiting} of ${line.most} wait; after ${line.mostMs / 1000} s it is answered 503`,
      );
    }
    for (const server of servers) {
      const name = server.name.padEnd(nameWidth);
      const address = addressOf(server).padEnd(addressWidth);
      const line = `  ${this.#mark(server.isUsable)} ${name}  ${address}  ${server.why}`;
      this.#lines.push(`${line}${dim(loadOf(server))}`);
    }
  }

  /** What of it is so now, and what was assumed. Without a running gateway the line of the servers says it. */
  #basis({ isLive, answer }: Explanation): void {
    if (!isLive) return;
    const { dim } = this.#colours;
    const assumed = answer.isAssumed ? `; assumed: the server answers ${answer.status}` : '';
    this.#lines.push(
      '',
      dim(
        `live: health, admin states, open requests, queues, circuits, stickiness and limits of the gateway${assumed}`,
      ),
    );
  }

  #mark(holds: boolean | null): string {
    const { green, red, dim } = this.#colours;
    if (holds === null) return red('!');
    return holds ? green('✓') : dim('✗');
  }

  #note(text: string, depth: number): Row {
    const left = `${'  '.repeat(depth)}${text}`;
    return { left: this.#colours.red(left), width: left.length, right: '' };
  }
}

/** outcomeText is a verdict in two or three words. */
function outcomeText(verdict: Explanation['verdict']): string {
  switch (verdict.kind) {
    case 'send':
      return `backend ${verdict.backend}`;
    case 'close':
      return 'closed';
    case 'open':
      return 'TLS is terminated';
    default:
      return `answer ${verdict.status}`;
  }
}

/** What the hello says, where the listener reads it. For a request only what its URL does not say. */
function helloText({ scheme, host, sni, alpn = [] }: Explanation['request']): string {
  if (sni === undefined) return '';
  const isNamed = scheme === 'https' && parseIp(host) === null && !host.includes(':');
  const own = isNamed ? host.replace(/\.$/, '') : '';
  const name = sni === own ? '' : ` sni ${sni === '' ? 'absent' : sni}`;
  return `${name}${alpn.length === 0 ? '' : ` alpn ${alpn.join(' ')}`}`;
}

/** Widest left column; what is longer pushes its own right column out. */
const LEFT_WIDTH = 72;

function align(rows: readonly Row[]): string[] {
  const width = Math.max(0, ...rows.map((row) => row.width).filter((each) => each <= LEFT_WIDTH));
  return rows.map(({ left, width: own, right }) =>
    right === '' ? left : `${left}${' '.repeat(Math.max(0, width - own) + 3)}${right}`,
  );
}

/** A place without its column, relative to where the reader is if that is shorter. */
function shortPlace(place: string): string {
  const [, file = place, line = ''] = /^(.*):(\d+):\d+$/.exec(place) ?? [];
  const near = relative('', file);
  return `${near !== '' && near.length < file.length ? near : file}${line === '' ? '' : `:${line}`}`;
}

function addressOf({ address }: ServerExplanation): string {
  return 'path' in address ? address.path : addressText(address);
}

function loadOf({ weight, open, max }: ServerExplanation): string {
  const load = max === 0 ? (open === 0 ? '' : `, ${open} open`) : `, ${open} of ${max} open`;
  return `   weight ${weight}${load}`;
}
