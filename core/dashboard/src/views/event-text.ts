/**
 * EventText: an event of the gateway as a sentence. Browser.
 */
import type { Tone } from '../parts/badge.tsx';

type Event = Readonly<Record<string, unknown>>;

interface EventText {
  readonly text: string;
  readonly tone: Tone;
}

const TEXTS: Readonly<Record<string, (event: Event) => EventText>> = {
  server({ backend, server, from, to, reason }) {
    const name = `${backend}/${server}`;
    if (to === 'absent') return { text: `${name} was removed: ${reason}`, tone: 'idle' };
    if (from === 'absent') return { text: `${name} was added: ${reason}`, tone: 'idle' };
    return { text: `${name} is ${to}: ${reason}`, tone: to === 'running' ? 'ok' : to === 'stopped' ? 'bad' : 'warn' };
  },
  circuit: ({ backend, to, reason }) => ({
    text: `the circuit of ${backend} is ${to}: ${reason}`,
    tone: to === 'open' ? 'bad' : to === 'closed' ? 'ok' : 'warn',
  }),
  admin: ({ backend, server, to }) => ({ text: `${backend}/${server} was set to ${to}`, tone: 'idle' }),
  set: ({ backend, server, what, from, to }) => ({
    text: `${backend}/${server}: ${what} was set from ${from} to ${to}`,
    tone: 'idle',
  }),
  drained: ({ backend, server }) => ({ text: `${backend}/${server}: the last session ended`, tone: 'ok' }),
  fallBack: ({ backend, to, isActive, healthy, below }) => ({
    text: `${backend} ${isActive === true ? 'falls' : 'no longer falls'} back to ${to}: ${healthy} of its servers are healthy, ${below} are required`,
    tone: isActive === true ? 'warn' : 'ok',
  }),
  discovery: ({ backend, source, isOk, reason }) => ({
    text: `${backend}: ${source}: ${reason}`,
    tone: isOk === true ? 'ok' : 'bad',
  }),
  reload: ({ isOk, generation, error }) =>
    isOk === true
      ? { text: `generation ${generation} is active`, tone: 'ok' }
      : { text: `the rules were not reloaded: ${messageOf(error)}`, tone: 'bad' },
  list: ({ kind, name, isOk, entries, reason }) => ({
    text: isOk === true ? `${kind} ${name} has ${entries} entries` : `${kind} ${name} was not reloaded: ${reason}`,
    tone: isOk === true ? 'ok' : 'bad',
  }),
  files: ({ isOk, error }) => ({
    text: isOk === true ? 'changed files are in use' : `changed files were not taken: ${messageOf(error)}`,
    tone: isOk === true ? 'ok' : 'bad',
  }),
  certificate: ({ names, isOk, reason }) => ({
    text: `${(names as readonly string[]).join(', ')}: ${reason}`,
    tone: isOk === true ? 'ok' : 'bad',
  }),
  thread: ({ kind, thread, reason }) => ({
    text: kind === 'lost' ? `thread ${thread} was lost: ${reason}` : `thread ${thread} was replaced`,
    tone: kind === 'lost' ? 'bad' : 'ok',
  }),
  listening: ({ listener }) => ({ text: `listener ${listener} is open`, tone: 'ok' }),
};

/** eventText shows an event that this page does not know as it came. */
export function eventText(name: string, event: Event): EventText {
  return TEXTS[name]?.(event) ?? { text: JSON.stringify(event), tone: 'idle' };
}

function messageOf(error: unknown): string {
  return String((error as { readonly message?: string } | undefined)?.message ?? 'see the log').split('\n')[0]!;
}
