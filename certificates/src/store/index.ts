/** @sluice/certificates/store: where certificates are kept. Main thread. */
export { requireKeepable, stateFolder } from './state-folder.ts';
