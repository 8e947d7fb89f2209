/**
 * OwnFields: header fields that say what the gateway alone can know (`ListenerPlan.ownHeaders`): those of clients are taken out. Hot
 * path; data plane.
 */
import type { FieldEdits } from './field-edits.ts';
import type { LiveRequest } from './live-request.ts';

/**
 * hideOwnFields takes out the fields of these lower-case names, and those that some servers would take for them: where headers become
 * variables (CGI, WSGI), `X_Team` and `X-Team` are one.
 */
export function hideOwnFields(request: LiveRequest, names: readonly string[], edits: FieldEdits): void {
  for (const name of names) edits.hide(name);
  const { fields, head } = request;
  for (let index = 0; index < fields.count; index++) {
    const start = fields.lineStart(index);
    const end = fields.nameEnd(index);
    for (let at = start; at < end; at++) {
      if (head.charCodeAt(at) !== 0x5f) continue;
      const name = head.substring(start, end).toLowerCase();
      if (names.includes(name.replaceAll('_', '-'))) edits.hide(name);
      break;
    }
  }
}
