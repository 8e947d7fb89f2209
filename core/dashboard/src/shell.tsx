/**
 * Shell: what is around every view: the gateway's state, the way to the views, and what is wrong. Browser.
 */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Feed } from './connection/feed.ts';
import { formatAge, formatClock } from './measure/format.ts';
import { Announcer } from './parts/announce.tsx';
import { Badge, type Tone } from './parts/badge.tsx';
import { Mark } from './parts/mark.tsx';
import { ThemeButton } from './parts/theme.tsx';
import { useFeed } from './parts/use-feed.ts';
import { VIEWS } from './views/views.ts';

/** What the address says behind `#/`: the view, and what it is about. */
function useRoute(): { readonly id: string; readonly about: string } {
  const read = () => {
    const [id = '', about = ''] = location.hash.replace(/^#\/?/, '').split('/', 2);
    return { id, about: decodeURIComponent(about) };
  };
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const follow = (): void => setRoute(read());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}

/** onSignOut is null where no token is needed. */
export function Shell({ onSignOut }: { readonly onSignOut: (() => void) | null }) {
  const feed = useFeed();
  const { id, about } = useRoute();
  const offered = VIEWS.filter(({ needs }) => needs.every((operation) => feed.api.may(operation)));
  const view = offered.find((each) => each.id === id) ?? offered[0]!;
  useEffect(() => {
    document.title = `${view.title} · Sluice`;
  }, [view]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="top">
        <div class="brand">
          <Mark /> Sluice
        </div>
        <GatewayState feed={feed} />
        <div class="tools">
          <ThemeButton />
          {onSignOut !== null && (
            <button type="button" class="quiet" onClick={onSignOut}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <nav class="views" aria-label="Views">
        {offered.map((each) => (
          <a key={each.id} href={`#/${each.id}`} aria-current={each === view ? 'page' : undefined}>
            {each.title}
          </a>
        ))}
      </nav>
      <Trouble feed={feed} />
      <main id="content" class={feed.error === null ? '' : 'stale'} tabIndex={-1}>
        <h1 class="unseen">{view.title}</h1>
        {feed.picture !== null && <Content of={view.content} about={about} key={view.id} />}
      </main>
      <Announcer />
    </>
  );
}

function Content({
  of: View,
  about,
}: {
  readonly of: ComponentType<{ readonly about: string }>;
  readonly about: string;
}) {
  return <View about={about} />;
}

const STATE_TONES: Readonly<Record<string, Tone>> = { running: 'ok', starting: 'warn', stopping: 'warn' };

function GatewayState({ feed: { api, picture, error } }: { readonly feed: Feed }) {
  if (picture === null) return null;
  const { state, generation, uptimeMs, version } = picture.status;
  return (
    <div class="gateway-state">
      {error === null ? (
        <Badge tone={STATE_TONES[state] ?? 'bad'} text={state} />
      ) : (
        <Badge tone="bad" text={error.status === 0 ? 'no answer' : 'refused'} />
      )}
      <span>
        generation <b>{generation}</b>
      </span>
      <span class="minor">up {formatAge(uptimeMs)}</span>
      <span class="minor">version {version.sluice}</span>
      {api.role === 'read' && <Badge tone="idle" text="read only" title="The token may read, and change nothing" />}
    </div>
  );
}

/** What keeps the page from showing how things are now. */
function Trouble({ feed: { picture, error } }: { readonly feed: Feed }) {
  const since = picture === null ? '' : ` What is shown is from ${formatClock(picture.atMs)}.`;
  const text =
    error === null
      ? picture?.status.state === 'stopping'
        ? 'The gateway is stopping: it takes no new connections, and ends when its last requests have.'
        : null
      : error.status === 0
        ? `The gateway does not answer: ${error.message}. Trying again.${since}`
        : error.status === 403
          ? `This may not be seen: ${error.message}.${since}`
          : `The gateway refuses to answer: ${error.message}.${since}`;
  return <div role="alert">{text !== null && <p class={error === null ? 'banner warn' : 'banner bad'}>{text}</p>}</div>;
}
