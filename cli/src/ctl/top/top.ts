/**
 * The command `ctl top`: what a gateway does now, drawn again each second; or printed once. Main thread.
 */
import { EXIT_OK } from '../../exit-codes.ts';
import { coloursFor } from '../../terminal.ts';
import { type AdminCaller, Unreachable } from '../admin-caller.ts';
import { type CtlOptions, callGateway, show } from '../gateway-call.ts';
import { lengthText } from '../table.ts';
import { type Rates, ratesBetween, type Sample } from './rates.ts';
import { renderTop, SORTS, type Sort, type TopView } from './render.ts';
import { type Key, Screen } from './screen.ts';

export interface TopOptions extends CtlOptions {
  readonly once?: boolean;
  /** Seconds between two looks; 1 to 60. */
  readonly interval?: number;
  readonly sort?: Sort;
}

const PIPE_COLUMNS = 100;
const LONGER_SECONDS = [10, 60];

/** ctlTop shows a gateway until q is pressed. Without a terminal, or with --once or --json, it prints one picture. */
export function ctlTop(options: TopOptions): Promise<number> {
  const { interval = 1, sort = 'requests' } = options;
  return callGateway(options, async (caller) => {
    const first = await look(caller);
    const isLive = options.once !== true && options.json !== true && process.stdout.isTTY && process.stdin.isTTY;
    if (isLive) return new Top(caller, interval * 1000, sort, first).run();
    await new Promise((resolve) => setTimeout(resolve, interval * 1000));
    const last = await look(caller);
    const rates = ratesBetween(first.sample, last.sample);
    return show(options, rates, () => {
      const view = { rates, sort, title: last.title, longer: [], isReversed: false, offset: 0 };
      const columns = process.stdout.columns ?? PIPE_COLUMNS;
      return renderTop(view, { rows: 0, columns }, coloursFor(process.stdout)).join('\n');
    });
  });
}

interface Look {
  readonly sample: Sample;
  readonly title: string;
}

async function look(caller: AdminCaller): Promise<Look> {
  const [stats, status] = await Promise.all([caller.call('getStats'), caller.call('getStatus')]);
  const { state, uptimeMs, generation, version } = status;
  const title = `sluice ${version.sluice}: ${state} for ${lengthText(uptimeMs)}, generation ${generation}`;
  return { sample: { atMs: performance.now(), stats }, title };
}

/** Top is one showing. */
class Top {
  readonly #caller: AdminCaller;
  readonly #intervalMs: number;
  readonly #screen: Screen;
  readonly #ended = Promise.withResolvers<number>();
  /** Requests of all listeners at each look of the last minute, the oldest first. */
  readonly #totals: { readonly atMs: number; readonly requests: number }[] = [];
  #last: Sample;
  #title: string;
  #rates: Rates;
  #sort: Sort;
  #isReversed = false;
  #isOver = false;
  #offset = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(caller: AdminCaller, intervalMs: number, sort: Sort, { sample, title }: Look) {
    this.#caller = caller;
    this.#intervalMs = intervalMs;
    this.#sort = sort;
    this.#last = sample;
    this.#title = title;
    // Nothing has happened yet between two looks.
    this.#rates = ratesBetween(sample, sample);
    this.#remember(sample);
    this.#screen = new Screen(process.stdin, process.stdout, {
      pressed: (key) => this.#press(key),
      resized: () => this.#draw(),
    });
  }

  /** run resolves when somebody has ended it; the terminal is as it was before. */
  async run(): Promise<number> {
    this.#screen.open();
    try {
      this.#draw();
      this.#lookLater();
      return await this.#ended.promise;
    } finally {
      this.#isOver = true;
      clearTimeout(this.#timer);
      this.#screen.close();
    }
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => void this.#look(), this.#intervalMs);
  }

  async #look(): Promise<void> {
    try {
      const { sample, title } = await look(this.#caller);
      this.#rates = ratesBetween(this.#last, sample);
      this.#last = sample;
      this.#title = title;
      this.#remember(sample);
    } catch (thrown) {
      // It may be restarting: the next look will tell.
      if (!(thrown instanceof Unreachable)) return this.#ended.reject(thrown);
      this.#title = `unreachable, trying again: ${thrown.message}`;
    }
    if (this.#isOver) return;
    this.#draw();
    this.#lookLater();
  }

  #remember({ atMs, stats }: Sample): void {
    const requests = stats.listeners.reduce((sum, { counters }) => sum + counters.requests, 0);
    // A gateway that restarted counts from 0.
    if (requests < (this.#totals.at(-1)?.requests ?? 0)) this.#totals.length = 0;
    this.#totals.push({ atMs, requests });
    const oldest = atMs - 1000 * Math.max(...LONGER_SECONDS) - this.#intervalMs;
    while (this.#totals[0]!.atMs < oldest) this.#totals.shift();
  }

  #longer(): TopView['longer'] {
    const latest = this.#totals.at(-1)!;
    return LONGER_SECONDS.flatMap((seconds) => {
      const from = this.#totals.findLast(({ atMs }) => latest.atMs - atMs >= seconds * 1000);
      if (from === undefined) return [];
      return [[`${seconds} s`, ((latest.requests - from.requests) * 1000) / (latest.atMs - from.atMs)] as const];
    });
  }

  #draw(): void {
    const { rows, columns } = this.#screen.size;
    const view: TopView = {
      ...{ rates: this.#rates, title: this.#title, longer: this.#longer() },
      ...{ sort: this.#sort, isReversed: this.#isReversed, offset: this.#offset },
    };
    this.#screen.draw(renderTop(view, { rows, columns }, coloursFor(process.stdout)));
  }

  #press(key: Key): void {
    if (key === 'q') {
      this.#ended.resolve(EXIT_OK);
      return;
    }
    const chosen = (Object.keys(SORTS) as Sort[]).find((sort) => SORTS[sort] === key);
    const steps: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1, 'page up': -10, 'page down': 10 };
    if (chosen !== undefined) {
      this.#sort = chosen;
      this.#offset = 0;
    } else if (key === 'i') this.#isReversed = !this.#isReversed;
    else if (steps[key] !== undefined) {
      const most = Math.max(0, this.#rates.servers.length - 1);
      this.#offset = Math.max(0, Math.min(most, this.#offset + steps[key]));
    } else return;
    this.#draw();
  }
}
