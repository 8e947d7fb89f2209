/**
 * Token: what the user signed in with. Browser; kept until the tab is closed, and never in an address.
 */
const KEY = 'sluice-token';

export function savedToken(): string | null {
  return sessionStorage.getItem(KEY);
}

/** saveToken keeps a token for this tab; null forgets it. */
export function saveToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
}
