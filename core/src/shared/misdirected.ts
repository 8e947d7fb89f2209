/**
 * Misdirected: why a request gets 421, as logs and `explain` say it. Main thread and data threads.
 */
export const PASSED_ON =
  'TLS for this host is passed through, so it is not served on a connection that was opened here';
export const NOT_LET_IN = 'who asks for this host by its name in TLS is not let in';
