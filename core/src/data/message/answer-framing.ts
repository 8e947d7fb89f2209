/**
 * AnswerFraming: how the body of a server's answer is framed for the client. Hot path; data plane.
 *
 * HTTP/1.1 clients get a length or chunks, so that their connection can go on and a broken answer shows; HTTP/1.0 clients
 * know no chunks and get what cannot be measured until the connection ends (RFC 9112 section 6.3).
 */
import type { AnswerHead } from './answer-head.ts';
import { AS_IS, BY_LENGTH, CHUNKED, NO_BODY, RECHUNKED, UNCHUNKED, UNTIL_CLOSE } from './body-framer.ts';
import { KEEP_CODING, KEEP_LENGTH } from './forward-head.ts';

/** One an event loop, filled by `frameAnswer` and read at once. */
export const answerFraming = {
  /** For `answerHead`: a field line, KEEP_LENGTH, KEEP_CODING, or empty. */
  field: '',
  /** For BodyFramer: AS_IS, UNCHUNKED or RECHUNKED. */
  output: AS_IS,
  /** The end of the connection is the end of the body. */
  endsWithConnection: false,
};

/** frameAnswer decides, and fills `answerFraming`. */
export function frameAnswer(answer: AnswerHead, isHttp11: boolean): void {
  answerFraming.field = '';
  answerFraming.output = AS_IS;
  answerFraming.endsWithConnection = false;
  switch (answer.mode) {
    case BY_LENGTH:
      answerFraming.field = KEEP_LENGTH;
      break;
    case NO_BODY:
      if (answer.hasLength && answer.status !== 204) answerFraming.field = KEEP_LENGTH;
      break;
    case CHUNKED:
      if (isHttp11) {
        answerFraming.field = KEEP_CODING;
      } else {
        answerFraming.output = UNCHUNKED;
        answerFraming.endsWithConnection = true;
      }
      break;
    case UNTIL_CLOSE:
      if (isHttp11) {
        answerFraming.field = 'Transfer-Encoding: chunked\r\n';
        answerFraming.output = RECHUNKED;
      } else {
        answerFraming.endsWithConnection = true;
      }
      break;
  }
}
