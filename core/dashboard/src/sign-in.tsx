/**
 * SignIn: asks for the admin API's token. Browser.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Mark } from './parts/mark.tsx';

interface SignInProps {
  /** What was wrong with the last token; null: none was entered. */
  readonly problem: string | null;
  readonly onToken: (token: string) => void;
}

export function SignIn({ problem, onToken }: SignInProps) {
  const [token, setToken] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (token.trim() !== '') onToken(token.trim());
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit} class="card">
        <h1>
          <Mark /> Sluice
        </h1>
        <label for="token">Token of the admin API</label>
        <input
          id="token"
          ref={field}
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={token}
          aria-invalid={problem !== null}
          aria-describedby="token-note"
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        {problem !== null && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary">
          Sign in
        </button>
        <p id="token-note" class="muted">
          It stands in the rule file’s <code>admin on … token</code>, and is kept until this tab is closed.
        </p>
      </form>
    </main>
  );
}
