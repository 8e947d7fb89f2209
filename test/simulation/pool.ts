/**
 * Pool: rules for as many servers as a test wants, and what tests ask of loads.
 */
import type { ServerLoad, SimulationResult } from 'sluice/simulation';

/** pool is a listener and the backend `app` with servers `s0`, `s1` and so on. `words` says more of a server. */
export function pool(count: number, lines: string, words: (index: number) => string = () => ''): string {
  const servers = Array.from({ length: count }, (_, index) => {
    return `  server s${index} 10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:80 ${words(index)}`;
  });
  return `listener web on 127.0.0.1:8080 { otherwise send to app }\nbackend app {\n${servers.join('\n')}\n${lines}\n}\n`;
}

/** path is the name of the server with an index. */
export const path = (index: number): string => `app/s${index}`;

/** spread is how far loads are apart. */
export function spread(loads: readonly number[]): { least: number; most: number; mean: number; deviation: number } {
  let [least, most, sum, squares] = [Number.POSITIVE_INFINITY, 0, 0, 0];
  for (const load of loads) {
    least = Math.min(least, load);
    most = Math.max(most, load);
    sum += load;
    squares += load * load;
  }
  const mean = sum / loads.length;
  return { least, most, mean, deviation: Math.sqrt(Math.max(0, squares / loads.length - mean * mean)) };
}

export const requestsOf = ({ servers }: SimulationResult): number[] => servers.map(({ requests }) => requests);

/** between adds up what a server got from one second to another, in steps of a second. */
export function between({ started }: ServerLoad, from: number, to: number): number {
  return started.slice(from, to).reduce((sum, each) => sum + each, 0);
}
