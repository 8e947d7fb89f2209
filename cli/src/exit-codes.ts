/**
 * Exit codes of the command: part of its promise, listed in `sluice --help`.
 */

/** All went well; for `run`: the gateway was stopped by a signal, and has stopped. */
export const EXIT_OK = 0;
/** The rules have problems, or the gateway could not start. */
export const EXIT_PROBLEM = 1;
/** The command line is wrong. */
export const EXIT_USAGE = 2;
/** `ctl`: nobody answers at the address of the admin API. */
export const EXIT_UNREACHABLE = 3;
/** A second signal ended `run` at once: 128 and the signal's number, as shells have it. */
export const EXIT_SIGNAL = 128;
