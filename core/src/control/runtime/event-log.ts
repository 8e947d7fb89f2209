/**
 * EventLog: the log lines of the runtime's events. Main thread.
 */
import type { Logger } from 'pino';
import type { EventBus } from './event-bus.ts';
import type { RuntimeEvents } from './runtime-events.ts';

/** logEvents writes a line for each event from now on. Sources of certificates log for themselves, as do threads. */
export function logEvents(events: EventBus<RuntimeEvents>, log: Logger): void {
  events.on('server', (event) => {
    const { backend, server, from, to, reason } = event;
    const name = `server ${backend}/${server}`;
    if (to === 'absent') log.info(event, `${name} was removed: ${reason}`);
    else if (from === 'absent') log.info(event, `${name} was added: ${reason}`);
    else log[to === 'running' ? 'info' : 'warn'](event, `${name} is ${to}: ${reason}`);
  });
  events.on('circuit', (event) => {
    const { backend, to, reason } = event;
    log[to === 'open' ? 'warn' : 'info'](event, `the circuit of backend ${backend} is ${to}: ${reason}`);
  });
  events.on('admin', (event) => {
    log.info(event, `server ${event.backend}/${event.server} was set to ${event.to}`);
  });
  events.on('set', (event) => {
    const { backend, server, what, from, to } = event;
    log.info(event, `server ${backend}/${server}: ${what} was set from ${from} to ${to}`);
  });
  events.on('drained', (event) => {
    log.info(event, `server ${event.backend}/${event.server}: the last session ended`);
  });
  events.on('fallBack', (event) => {
    const { backend, to, isActive, healthy, below } = event;
    const count = `${healthy} of its servers are healthy, ${below} are required`;
    if (isActive) log.warn(event, `backend ${backend} falls back to ${to}: ${count}`);
    else log.info(event, `backend ${backend} no longer falls back to ${to}: ${count}`);
  });
  events.on('discovery', (event) => {
    const { backend, isOk, servers, source, reason } = event;
    if (isOk) log.info(event, `backend ${backend}: ${source}: ${reason}`);
    else log.warn(event, `backend ${backend}: ${source} failed, its ${servers} servers stay: ${reason}`);
  });
}
