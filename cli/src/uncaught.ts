/**
 * Uncaught: what happens to errors that nobody caught. Main thread. The process is the command's own.
 */
import { tellFailure } from './failure.ts';

type Contain = (thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin) => boolean;

let contain: Contain = () => false;

/** endOnUncaught ends the process with a message, unless what was thrown is contained. */
export function endOnUncaught(): void {
  process.on('uncaughtException', (thrown, origin) => {
    if (!contain(thrown, origin)) process.exit(tellFailure(thrown));
  });
}

/** containUncaught has a running gateway say what it can go on after. */
export function containUncaught(by: Contain): void {
  contain = by;
}
