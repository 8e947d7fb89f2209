/**
 * Errors: custom pages for the answers that the gateway itself gives. Main thread.
 */
import { ErrorPageList } from './error-page-list.ts';
import { listenerSetting } from './listener-setting.ts';

export const errors = listenerSetting({
  name: 'errors',
  doc: 'a custom error page for responses from the gateway itself',
  example: 'errors 502, 503 from "pages/sorry.html"',
  isHttpOnly: true,
  isRepeatable: true,
  args: [
    { name: 'statuses', type: 'statuses', doc: 'statuses from 400 to 599', min: 400 },
    { name: 'file', type: 'file', before: 'from', doc: 'the page: html, txt, json, xml or svg' },
  ],
  defaults: () => ({ errorPages: new ErrorPageList() }),
  why: 'the gateway’s own pages say what happened',
  counts: 'never',
  read(line, { errorPages }) {
    errorPages.add(line);
    return {};
  },
});
