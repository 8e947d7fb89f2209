/**
 * Badge: a state as a word with a colour, never as a colour alone. Browser.
 */
import type { Server } from '../connection/feed.ts';

export type Tone = 'ok' | 'warn' | 'bad' | 'idle';

export function Badge({ tone, text, title }: { readonly tone: Tone; readonly text: string; readonly title?: string }) {
  return (
    <span class={`badge ${tone}`} title={title}>
      {text}
    </span>
  );
}

/** serverState is what most matters of a server, as one word. */
export function serverState({ state, admin, isPassedOver }: Server): { readonly tone: Tone; readonly text: string } {
  if (admin === 'maint') return { tone: 'idle', text: 'maint' };
  if (admin === 'drain') return { tone: 'warn', text: state === 'running' ? 'draining' : `draining, ${state}` };
  if (state === 'running')
    return isPassedOver ? { tone: 'warn', text: 'passed over' } : { tone: 'ok', text: 'running' };
  return { tone: state === 'stopped' ? 'bad' : 'warn', text: state };
}

/** isTaking: the server gets new clients now. */
export function isTaking({ state, admin, weight }: Server): boolean {
  return admin === 'ready' && weight > 0 && (state === 'running' || state === 'starting');
}
