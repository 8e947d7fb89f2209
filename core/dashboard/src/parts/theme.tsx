/**
 * Theme: light or dark, as the system has it unless the user says otherwise. Browser.
 */
import { useEffect, useState } from 'preact/hooks';

type Theme = 'system' | 'light' | 'dark';

const KEY = 'sluice-theme';
const DARK = matchMedia('(prefers-color-scheme: dark)');
const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const watchers = new Set<() => void>();
let number = 0;

function saved(): Theme {
  const theme = localStorage.getItem(KEY);
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

/** applyTheme puts the user's choice, or the system's, on the document; colours that were read from it are read again. */
export function applyTheme(): void {
  const theme = saved();
  document.documentElement.dataset.theme = theme === 'system' ? (DARK.matches ? 'dark' : 'light') : theme;
  number++;
  for (const watcher of watchers) watcher();
}

DARK.addEventListener('change', applyTheme);

/** useThemeNumber changes whenever colours do. */
export function useThemeNumber(): number {
  const [now, set] = useState(number);
  useEffect(() => {
    const watcher = (): void => set(number);
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  }, []);
  return now;
}

export function ThemeButton() {
  useThemeNumber();
  const theme = saved();
  const change = (): void => {
    const next = NEXT[theme];
    if (next === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
    applyTheme();
  };
  const sign = { system: '◐', light: '☀', dark: '☾' }[theme];
  return (
    <button
      type="button"
      class="quiet"
      onClick={change}
      title={`Colours: ${theme}`}
      aria-label={`Colours: ${theme}. Change to ${NEXT[theme]}`}
    >
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}
