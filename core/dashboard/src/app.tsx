/**
 * App: from a token to a running feed, or to why there is none. Browser.
 */
import { useEffect, useState } from 'preact/hooks';
import { Api, ApiError } from './connection/api.ts';
import { Feed } from './connection/feed.ts';
import { savedToken, saveToken } from './connection/token.ts';
import { FeedContext } from './parts/use-feed.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';

type State =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'signed out'; readonly problem: string | null }
  | { readonly kind: 'failed'; readonly error: ApiError }
  | { readonly kind: 'connected'; readonly feed: Feed };

const AGAIN_MS = 3_000;

export function App() {
  const [token, setToken] = useState(savedToken);
  const [state, setState] = useState<State>({ kind: 'connecting' });
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const api = new Api(token);
    let feed: Feed | null = null;
    let timer = 0;
    let isLeft = false;
    const fail = (error: ApiError): void => {
      // Too many wrong tokens are answered 429: the next one has to be entered, not tried.
      if (error.status === 401 || error.status === 429) {
        saveToken(null);
        setState({ kind: 'signed out', problem: token === null ? null : error.message });
        return;
      }
      setState({ kind: 'failed', error });
      timer = window.setTimeout(() => setAttempt(attempt + 1), AGAIN_MS);
    };
    const connect = async (): Promise<void> => {
      await api.discover();
      if (isLeft) return;
      saveToken(token);
      const started = new Feed(api);
      feed = started;
      // The token may be changed, or the roles of tokens, while the page is open.
      started.subscribe(() => {
        if (started.error?.status === 401) {
          started.stop();
          fail(started.error);
        }
      });
      await started.refresh();
      if (!isLeft && started.error?.status !== 401) setState({ kind: 'connected', feed: started });
    };
    connect().catch(
      (thrown) => !isLeft && fail(thrown instanceof ApiError ? thrown : new ApiError(0, '', String(thrown))),
    );
    return () => {
      isLeft = true;
      clearTimeout(timer);
      feed?.stop();
    };
  }, [token, attempt]);

  const signIn = (entered: string): void => {
    setState({ kind: 'connecting' });
    if (entered === token) setAttempt(attempt + 1);
    else setToken(entered);
  };
  const signOut = (): void => {
    saveToken(null);
    setToken(null);
    setState({ kind: 'connecting' });
  };

  switch (state.kind) {
    case 'connecting':
      return <p class="lonely">Connecting…</p>;
    case 'signed out':
      return <SignIn problem={state.problem} onToken={signIn} />;
    case 'failed':
      return (
        <main class="lonely">
          <div role="alert">
            <h1>{state.error.status === 0 ? 'No connection to the gateway' : 'The gateway refuses to answer'}</h1>
            <p>{state.error.message}</p>
            <p class="muted">Trying again every few seconds.</p>
          </div>
        </main>
      );
    case 'connected':
      return (
        <FeedContext.Provider value={state.feed}>
          <Shell onSignOut={token === null ? null : signOut} />
        </FeedContext.Provider>
      );
  }
}
