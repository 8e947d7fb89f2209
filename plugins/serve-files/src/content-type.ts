/**
 * ContentType: what a file is, told by its name. Pure.
 */
import { lookup } from 'mrmime';

/** Types that are text without being called so. */
const TEXTS = new Set(['application/json', 'application/xml', 'application/manifest+json', 'image/svg+xml']);

/** contentType is a media type, with its charset for texts: files are taken to be UTF-8. */
export function contentType(name: string): string {
  const type = lookup(name) ?? 'application/octet-stream';
  return type.startsWith('text/') || TEXTS.has(type) ? `${type}; charset=utf-8` : type;
}
