/**
 * Paths: what may stand in the paths of requests. Main thread.
 */
import { PATH_ARGS } from '../../../vocabulary/path-words.ts';
import { listenerSetting } from './listener-setting.ts';
import { WrittenPaths } from './written-paths.ts';

export const allowEncodedSlashes = listenerSetting({
  name: 'allow encoded slashes',
  doc: 'allows `%2F` in paths',
  example: 'allow encoded slashes',
  isHttpOnly: true,
  args: [],
  defaults: () => ({}),
  why: 'a part of `paths`',
  read(_line, { paths }) {
    paths.allowEncodedSlashes();
    return {};
  },
});

export const paths = listenerSetting({
  name: 'paths',
  doc: 'what paths may contain, so that servers read the same path as the rules; [paths](../paths.md) has the table',
  example: 'paths for tomcat, nginx',
  isHttpOnly: true,
  isRepeatable: true,
  args: PATH_ARGS,
  defaults: () => ({ paths: new WrittenPaths() }),
  why: 'what all servers read alike',
  counts: 'never',
  read({ scope, args, spans }, { paths }) {
    paths.add(scope, args, spans);
    return {};
  },
});
