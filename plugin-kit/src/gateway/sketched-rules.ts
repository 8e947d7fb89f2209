/**
 * SketchedRules: a rule file made of the few lines that a test is about.
 */

/** RulesSketch is the lines that a test is about; the rest of the rule file is written around them. */
export interface RulesSketch {
  /** Lines of the one listener, `web`, before `otherwise send to app`. */
  readonly listener?: string;
  /** Lines of the one backend, `app`. */
  readonly backend?: string;
  /** Lines of `settings`. */
  readonly settings?: string;
  /** Lines outside of all blocks, such as `use` and `define`. */
  readonly top?: string;
  /** How many servers to start behind it: fake ones, named `one`, `two`, `three`… 0 to 10. Default 1. */
  readonly servers?: number;
}

/** SERVER_NAMES are what a sketch's servers are called. */
export const SERVER_NAMES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'] as const;

/** ServerPlace is where a server of the sketch listens. */
interface ServerPlace {
  readonly name: string;
  readonly address: string;
}

/** sketchedRules writes the rule file. A backend that finds or is its own servers needs none. */
export function sketchedRules(sketch: RulesSketch, servers: readonly ServerPlace[]): string {
  const { top = '', listener = '', backend = '', settings = '' } = sketch;
  const lines = servers.map(({ name, address }) => `  server ${name} ${address}`).join('\n');
  return `${top}
settings {
  ${settings}
}
listener web on 127.0.0.1:0 {
  ${listener}
  otherwise send to app
}
backend app {
${lines}
  ${backend}
}
`;
}
