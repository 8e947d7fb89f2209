/**
 * The data entry of error-answers: small, self-contained pages that say nothing of what stands behind the gateway. Data threads.
 * Must not import the manifest. Made once a status, so nothing here is hot.
 */
import type { Answer, DataEntry } from '@sluice/core/plugin';

/** Not imported: that would load `fetch` and all that belongs to it, in every thread. */
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** One sentence for the reader of the page, who can seldom do more than wait, go back, or ask. */
const SENTENCES: Readonly<Record<number, string>> = {
  400: 'The request could not be understood.',
  401: 'You have to sign in first.',
  403: 'You may not open this.',
  404: 'There is nothing here.',
  405: 'This method is not allowed here.',
  408: 'The request took too long to arrive.',
  413: 'The request is too large.',
  414: 'The address is too long.',
  417: 'The request expects something that is not offered.',
  421: 'The request came to the wrong place.',
  429: 'Too many requests. Please wait a moment.',
  431: 'The head of the request is too large.',
  500: 'Something went wrong. Please try again later.',
  501: 'The request asks for something that is not offered.',
  502: 'The service gave no valid answer. Please try again later.',
  503: 'The service is not available now. Please try again later.',
  504: 'The service took too long to answer. Please try again later.',
  505: 'This version of HTTP is not offered.',
};

/** RFC 9110, section 15.5.6: a 405 has to say what is allowed. */
const ALLOW = ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] as const;

/** plainAnswer makes the page of a status. Errors are not for caches: the next client may be let in. */
function plainAnswer(status: number): Answer {
  const reason = STATUS_CODES[status] ?? classOf(status);
  const title = `${status} ${reason}`;
  const sentence = SENTENCES[status];
  const headers: (readonly [string, string])[] = [['Content-Type', 'text/html; charset=utf-8']];
  if (status >= 400) headers.push(['Cache-Control', 'no-store']);
  if (status === 405) headers.push(ALLOW);
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<h1>${title}</h1>
${sentence === undefined ? '' : `<p>${sentence}</p>\n`}</html>
`;
  return { status, headers, body };
}

function classOf(status: number): string {
  if (status < 400) return 'Redirection';
  return status < 500 ? 'Client Error' : 'Server Error';
}

export const errorAnswers: NonNullable<DataEntry['errorAnswers']> = { plain: () => plainAnswer };
