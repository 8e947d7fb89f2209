/**
 * The data entry of random. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { TwoChoices } from './two-choices.ts';

export const balancers: NonNullable<DataEntry['balancers']> = { random: (pool) => new TwoChoices(pool) };
