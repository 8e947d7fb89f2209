/** The servers of the tests: each answers with the path that was asked for, and says who it is. `node origin.ts PORT…`. Test code. */
import { createServer } from 'node:http';

for (const port of process.argv.slice(2)) {
  createServer((request, response) => {
    response.setHeader('X-Server', port);
    const seconds = /^\/slow\/(\d+)$/.exec(request.url ?? '')?.[1];
    if (seconds === undefined) response.end(request.url);
    else trickle(Number(seconds));

    /** A tenth of a second apart, so that an interruption is noticed. */
    function trickle(left: number): void {
      let pieces = left * 10;
      const timer = setInterval(() => {
        if (pieces-- > 0) response.write('.');
        else {
          clearInterval(timer);
          response.end();
        }
      }, 100);
      response.on('close', () => clearInterval(timer));
    }
  }).listen(Number(port));
}
