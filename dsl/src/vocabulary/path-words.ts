/**
 * PathWords: what a line `paths …` may say, as data. Main thread.
 */
import { PATH_READERS, type PathPolicy } from '../plan/path-policy.ts';
import type { BaseArg } from './setting-word.ts';

type Part = Exclude<keyof PathPolicy, 'readers'>;

/** PathFlag is one phrase of the line and the part of the policy that it settles. */
export interface PathFlag {
  readonly phrase: string;
  readonly part: Part;
  readonly value: PathPolicy[Part];
  readonly doc: string;
}

/** PATH_FLAGS: every part has a phrase for each of its values but the defaults that none needs to say. */
export const PATH_FLAGS: readonly PathFlag[] = [
  flag('keep empty segments', 'emptySegments', 'keep', 'keeps `//`, which otherwise becomes one slash'),
  flag('refuse empty segments', 'emptySegments', 'refuse', 'answers `//` with 400'),
  flag('keep parameters', 'parameters', 'keep', 'keeps `;…` after a segment'),
  flag('strip parameters', 'parameters', 'strip', 'removes `;…` from every segment, before rules see the path'),
  flag('refuse parameters', 'parameters', 'refuse', 'answers a path with `;` with 400'),
  flag('keep double escapes', 'doubleEscapes', 'keep', 'allows `%2541`, which is `A` when decoded twice'),
  flag('refuse double escapes', 'doubleEscapes', 'refuse', 'answers `%2541` with 400'),
  flag('keep control bytes', 'controlBytes', 'keep', 'allows escapes of control bytes, except `%00`'),
  flag('refuse control bytes', 'controlBytes', 'refuse', 'answers `%01` to `%1F` and `%7F` with 400'),
  flag('keep invalid utf-8', 'invalidUtf8', 'keep', 'allows bytes that are not UTF-8, including overlong forms'),
  flag('refuse invalid utf-8', 'invalidUtf8', 'refuse', 'answers escapes that are not UTF-8 with 400'),
  flag('keep windows names', 'windowsNames', 'keep', 'allows names that Windows treats as other names'),
  flag(
    'refuse windows names',
    'windowsNames',
    'refuse',
    'answers with 400 if a segment ends with a dot or a space, or contains a colon or `~1`',
  ),
  flag('keep case', 'ignoresCase', false, 'rules distinguish upper and lower case'),
  flag('ignore case', 'ignoresCase', true, 'rules ignore ASCII case in paths'),
];

function flag<P extends Part>(phrase: string, part: P, value: PathPolicy[P], doc: string): PathFlag {
  return { phrase, part, value, doc };
}

/** PATH_READERS_ARG names the kinds of servers, in a listener and in a backend. */
export const PATH_READERS_ARG: BaseArg = {
  name: 'readers',
  type: 'names',
  before: 'for',
  doc: 'the kinds of servers that read the path',
  choices: PATH_READERS,
};

/** PATH_ARGS are the arguments of the listener's line. */
export const PATH_ARGS: readonly BaseArg[] = [
  { ...PATH_READERS_ARG, isOptional: true },
  ...PATH_FLAGS.map(
    ({ phrase, doc }): BaseArg => ({ name: phrase, type: 'flag', before: phrase, doc, isOptional: true }),
  ),
];
