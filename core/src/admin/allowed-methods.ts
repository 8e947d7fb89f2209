/**
 * AllowedMethods: what may be done to a path of the admin API. Main thread.
 */
import { ROUTES } from './routes.ts';

/** Paths that are served besides the routes. */
const OTHERS = ['/', '/v1/events', '/openapi.json'];

const PATHS: readonly (readonly [path: RegExp, method: string])[] = [
  ...ROUTES.map(({ path, method }) => [pathPattern(path), method] as const),
  ...OTHERS.map((path) => [pathPattern(path), 'GET'] as const),
];

/** allowedMethods are those of a path as it was asked for, without its query; none: there is no such path. HEAD is as good as GET (RFC 9110 9.3.2). */
export function allowedMethods(path: string): readonly string[] {
  const methods = new Set(PATHS.filter(([pattern]) => pattern.test(path)).map(([, method]) => method));
  return methods.has('GET') ? ['GET', 'HEAD', ...[...methods].filter((method) => method !== 'GET')] : [...methods];
}

function pathPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);
}
