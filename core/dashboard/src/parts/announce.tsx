/**
 * Announce: says aloud, and shows for a moment, what an action has done. Browser.
 */
import { useEffect, useState } from 'preact/hooks';

interface Said {
  readonly text: string;
  readonly isBad: boolean;
  readonly id: number;
}

const SHOWN_MS = 6_000;
let tell: ((said: Said) => void) | null = null;
let last = 0;

export function announce(text: string): void {
  tell?.({ text, isBad: false, id: ++last });
}

export function announceFailure(text: string): void {
  tell?.({ text, isBad: true, id: ++last });
}

/** Announcer is where it appears: once on a page. A failure stays until it is closed. */
export function Announcer() {
  const [said, set] = useState<Said | null>(null);
  useEffect(() => {
    tell = set;
    return () => {
      tell = null;
    };
  }, []);
  useEffect(() => {
    if (said === null || said.isBad) return;
    const timer = setTimeout(() => set(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div class="announcer" role="status" aria-live="polite">
      {said !== null && (
        <div class={said.isBad ? 'toast bad' : 'toast'} key={said.id}>
          <span>{said.text}</span>
          <button type="button" class="quiet" aria-label="Close the message" onClick={() => set(null)}>
            ×
          </button>
        </div>
      )}
    </div>
  );
}
