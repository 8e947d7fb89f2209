/**
 * EventsView: what the gateway reports, as it happens, since the page was opened. Browser.
 */
import { useEffect, useState } from 'preact/hooks';
import { followEvents, type StreamedEvent } from '../connection/event-stream.ts';
import { formatClock } from '../measure/format.ts';
import { Badge } from '../parts/badge.tsx';
import { useFeed } from '../parts/use-feed.ts';
import { eventText } from './event-text.ts';

const MOST_EVENTS = 500;

export function EventsView() {
  const feed = useFeed();
  const [events, setEvents] = useState<readonly StreamedEvent[]>([]);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const ended = new AbortController();
    const add = (event: StreamedEvent): void => setEvents((before) => [event, ...before].slice(0, MOST_EVENTS));
    void followEvents(feed.api, '/v1/events', ended.signal, add, setOpen);
    return () => ended.abort();
  }, [feed]);
  return (
    <section aria-labelledby="events-title">
      <div class="section-head">
        <h2 id="events-title">Events</h2>
        <Badge tone={isOpen ? 'ok' : 'warn'} text={isOpen ? 'live' : 'connecting'} />
        <span class="muted">since this view was opened, newest first</span>
      </div>
      {events.length === 0 && <p class="empty">Nothing has happened yet.</p>}
      <div role="log" aria-label="Events">
        <ol class="events">
          {events.map(({ name, atMs, event }, index) => {
            const { text, tone } = eventText(name, event);
            return (
              <li key={events.length - index}>
                <time>{formatClock(atMs)}</time>
                <Badge tone={tone} text={name} />
                <span>{text}</span>
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}
