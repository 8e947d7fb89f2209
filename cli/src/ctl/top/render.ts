/**
 * Render: the rates of a gateway as lines that fit a terminal. Main thread.
 */
import type { Colours } from '../../terminal.ts';
import { lengthText, plain } from '../table.ts';
import type { BackendRates, ListenerRates, Rates, ServerRates } from './rates.ts';

/** SORTS are the orders in which servers and backends can stand, with the key that chooses each. */
export const SORTS = {
  requests: 'r',
  errors: 'e',
  latency: 'l',
  open: 'o',
  waiting: 'w',
  name: 'n',
} as const;

export type Sort = keyof typeof SORTS;

/** TopView is what is to be seen. */
export interface TopView {
  readonly rates: Rates;
  /** Requests a second of all listeners over longer times, where the look goes back that far: `10 s`, `60 s`. */
  readonly longer: readonly (readonly [over: string, perSecond: number])[];
  /** `running for 3m 5s, generation 4`, or what is wrong. */
  readonly title: string;
  readonly sort: Sort;
  readonly isReversed: boolean;
  /** Servers that have been scrolled past. */
  readonly offset: number;
}

/** Size is that of a terminal; rows 0: as many as it takes. */
export interface Size {
  readonly rows: number;
  readonly columns: number;
}

type Cell = string | number;
/** A column: its heading and its width; the first one takes what is left. */
type Columns = readonly (readonly [heading: string, width: number])[];

/** Most lines of listeners, and of backends, on a terminal. */
const MOST_LISTENERS = 4;
const MOST_BACKENDS = 6;

const LISTENER_COLUMNS: Columns = [
  ['LISTENER', 0],
  ...(['OPEN', 'REQ/S', '4XX/S', '5XX/S', 'IN/S', 'OUT/S'].map((name) => [name, 8]) as [string, number][]),
];
const BACKEND_COLUMNS: Columns = [
  ['BACKEND', 0],
  ['UP', 7],
  ['OPEN', 6],
  ['WAIT', 6],
  ['REQ/S', 8],
  ['ERR/S', 7],
  ['P50', 7],
  ['P99', 7],
];
const SERVER_COLUMNS: Columns = [
  ['SERVER', 0],
  ['STATE', 9],
  ['OPEN', 6],
  ['WAIT', 6],
  ['REQ/S', 8],
  ['ERR/S', 7],
  ['P50', 7],
  ['P99', 7],
];

/** renderTop returns the lines: no more, and none longer, than the terminal has room for. */
export function renderTop(view: TopView, { rows, columns }: Size, colours: Colours): readonly string[] {
  const { rates, title, longer, sort } = view;
  const all = rates.listeners.reduce((sum, { requests }) => sum + requests, 0);
  const isFirst = rates.seconds < 0.5;
  const over = [[`${Math.round(rates.seconds)} s`, all] as const, ...longer];
  const total = isFirst ? '…' : over.map(([time, perSecond]) => `${rateText(perSecond)}/s over ${time}`).join(', ');
  const listeners = limited(rates.listeners, rows === 0 ? 0 : MOST_LISTENERS);
  const backends = limited(ordered(rates.backends, view), rows === 0 ? 0 : MOST_BACKENDS);
  const head = [
    colours.bold(fit(plain(title), columns)),
    fit(`requests: ${total}`, columns),
    '',
    colours.dim(line(headings(LISTENER_COLUMNS), LISTENER_COLUMNS, columns)),
    ...listeners.map((each) => line(listenerCells(each), LISTENER_COLUMNS, columns)),
    '',
    colours.dim(line(headings(BACKEND_COLUMNS), BACKEND_COLUMNS, columns)),
    ...backends.map((each) => mark(line(backendCells(each), BACKEND_COLUMNS, columns), each.up === 0, colours)),
    '',
  ];
  const servers = ordered(rates.servers, view);
  const heading = (place: string): string => {
    const cells = headings(SERVER_COLUMNS);
    return colours.dim(line([`${cells[0]}${place}`, ...cells.slice(1)], SERVER_COLUMNS, columns));
  };
  const body = (shown: readonly ServerRates[]): readonly string[] =>
    shown.map((each) => mark(line(serverCells(each), SERVER_COLUMNS, columns), each.state !== 'running', colours));
  if (rows === 0) return [...head, heading(''), ...body(servers)];
  const room = Math.max(0, rows - head.length - 2);
  const from = Math.max(0, Math.min(view.offset, servers.length - room));
  const shown = servers.slice(from, from + room);
  const isAll = shown.length === servers.length;
  const place = isAll || shown.length === 0 ? '' : ` ${from + 1}-${from + shown.length} of ${servers.length}`;
  const chosen = view.isReversed ? '↑' : '↓';
  const keys = Object.keys(SORTS).map((name) => `[${name[0]}]${name.slice(1)}${name === sort ? chosen : ''}`);
  const foot = [...keys, '[i]nvert', '[q]uit'].join(' ');
  return [
    ...[...head, heading(place), ...body(shown)].slice(0, Math.max(0, rows - 1)),
    colours.dim(fit(foot, columns)),
  ];
}

function listenerCells(each: ListenerRates): readonly Cell[] {
  const { name, open, requests, clientErrors, serverErrors, bytesIn, bytesOut } = each;
  const rates = [requests, clientErrors, serverErrors].map(rateText);
  return [name, open, ...rates, bytesText(bytesIn), bytesText(bytesOut)];
}

function backendCells(each: BackendRates): readonly Cell[] {
  const { name, up, servers, open, waiting, requests, errors, p50Micros, p99Micros, note } = each;
  const first = note === '' ? name : `${name} (${note})`;
  return [
    first,
    `${up}/${servers}`,
    open,
    waiting,
    ...[requests, errors].map(rateText),
    ...[p50Micros, p99Micros].map(timeText),
  ];
}

function serverCells(each: ServerRates): readonly Cell[] {
  const { name, state, admin, open, waiting, requests, errors, p50Micros, p99Micros } = each;
  const shown = admin === 'ready' ? state : admin;
  return [name, shown, open, waiting, ...[requests, errors].map(rateText), ...[p50Micros, p99Micros].map(timeText)];
}

function headings(columns: Columns): readonly string[] {
  return columns.map(([heading]) => heading);
}

/** line lays cells out: the first one to the left and cut, the others to the right. */
function line(cells: readonly Cell[], columns: Columns, width: number): string {
  const others = columns.slice(1).reduce((sum, [, own]) => sum + own + 1, 0);
  const first = Math.max(8, width - others);
  const text = cells.slice(1).map((cell, at) => ` ${String(cell).padStart(columns[at + 1]![1])}`);
  return fit(`${fit(plain(String(cells[0])), first).padEnd(first)}${text.join('')}`, width);
}

function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function mark(text: string, isBad: boolean, colours: Colours): string {
  return isBad ? colours.red(text) : text;
}

function limited<T>(all: readonly T[], most: number): readonly T[] {
  return most === 0 ? all : all.slice(0, most);
}

interface Sortable {
  readonly name: string;
  readonly requests: number;
  readonly errors: number;
  readonly open: number;
  readonly waiting: number;
  readonly p99Micros: number | null;
}

function ordered<T extends Sortable>(all: readonly T[], { sort, isReversed }: TopView): readonly T[] {
  const sign = isReversed ? -1 : 1;
  const byName = (a: T, b: T): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  if (sort === 'name') return [...all].sort((a, b) => sign * byName(a, b));
  const value = (each: T): number => (sort === 'latency' ? (each.p99Micros ?? -1) : each[sort]);
  return [...all].sort((a, b) => sign * (value(b) - value(a)) || byName(a, b));
}

/** rateText is short: `0`, `0.25`, `12`, `3.4k`, `1.2M`. */
export function rateText(value: number): string {
  if (value === 0) return '0';
  if (value < 9.95) return String(Number(value.toPrecision(2)));
  return countText(value, 1000, ['', 'k', 'M', 'G']);
}

function bytesText(value: number): string {
  return `${countText(value, 1024, ['', 'K', 'M', 'G', 'T'])}B`;
}

function countText(value: number, step: number, units: readonly string[]): string {
  let at = 0;
  let rest = value;
  while (rest >= step * 0.9995 && at < units.length - 1) {
    rest /= step;
    at++;
  }
  return `${at > 0 && rest < 9.95 ? rest.toFixed(1) : Math.round(rest)}${units[at]}`;
}

/** timeText is short: `420us`, `1.3ms`, `12ms`, `3s`. */
export function timeText(micros: number | null): string {
  if (micros === null) return '-';
  if (micros < 1000) return `${Math.round(micros)}us`;
  const ms = micros / 1000;
  if (ms < 9.95) return `${ms.toFixed(1)}ms`;
  return lengthText(ms);
}
