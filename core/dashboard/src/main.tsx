/**
 * Main: where the dashboard starts in a browser.
 */
import { render } from 'preact';
import { App } from './app.tsx';
import { applyTheme } from './parts/theme.tsx';

applyTheme();
render(<App />, document.getElementById('app')!);
