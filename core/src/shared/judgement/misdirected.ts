/**
 * Misdirected: why a request gets 421, as logs and `explain` say it. Main thread and data threads.
 */
export const PASSED_ON = 'TLS for this host is passed through: it is not served on a connection whose TLS ends here';
export const NOT_LET_IN = 'TLS clients that ask for this name are turned away';
