/**
 * TraceParent: the field `traceparent` of a request, read by the letter (W3C Trace Context, section 3.2). Data plane; on the hot path only
 * where requests are traced.
 */

/** What readTraceParent has read. One a thread; copy it before another is read. */
export const traceParent = { traceId: '', parentId: '', flags: 0 };

/** Version, trace ID, parent ID, flags; what later versions may have behind them. */
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

const ALL_ZERO = /^0+$/;

/** The request is recorded by whoever sent it. */
export const SAMPLED = 0x01;
/** The trace ID has random digits, as later readers may want to know (W3C Trace Context Level 2, section 3.2.2.5.2). */
const RANDOM = 0x02;

/**
 * readTraceParent reads the values of the field into `traceParent`. False: there is none, there are several, or it is not valid, so that
 * a new trace begins. A later version than ours is read as far as ours goes.
 */
export function readTraceParent(value: string | readonly string[] | undefined): boolean {
  if (typeof value !== 'string') return false;
  const match = FORM.exec(value);
  if (match === null) return false;
  const [, version, traceId, parentId, flags, more] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string?,
  ];
  if (version === 'ff' || (version === '00' && more !== undefined)) return false;
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(parentId)) return false;
  traceParent.traceId = traceId;
  traceParent.parentId = parentId;
  // What the other bits mean is not known, so they are not passed on.
  traceParent.flags = Number.parseInt(flags, 16) & (SAMPLED | RANDOM);
  return true;
}
