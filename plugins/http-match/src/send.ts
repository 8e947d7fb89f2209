/**
 * The verb `send to BACKEND`. Data threads; hot path.
 */
import type { VerbFactory } from '@sluice/core/plugin';

/** send looks the backend up once, when the plan is linked. */
export const send: VerbFactory = (args, linker) => {
  const backend = linker.backend(String(args.backend));
  return { kind: 'route', route: () => backend };
};
