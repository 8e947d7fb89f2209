/** A plugin of the benchmark: notes the turns of every data thread that imports it. Both planes. */
import { definePlugin } from '@sluice/core/plugin';
import { logTurns } from './turn-log.ts';

logTurns();

export default definePlugin({ name: 'turns', apiVersion: 1, data: import.meta.url, words: [] });
