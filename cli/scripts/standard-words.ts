/**
 * StandardWords: the words of the standard plugins.
 */
import { PluginHost } from '@sluice/core';
import type { Word } from '@sluice/dsl';
import { standard } from '@sluice/standard';
import { pino } from 'pino';

/** standardWords returns the vocabulary that every rule file has without a `use` line. */
export function standardWords(): readonly Word[] {
  return new PluginHost(standard, pino({ enabled: false })).words();
}
