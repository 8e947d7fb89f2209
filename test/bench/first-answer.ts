/**
 * FirstAnswer waits until a proxy answers. Benchmark code.
 */
import { connect } from 'node:net';

const REQUEST = 'GET /small HTTP/1.1\r\nHost: start\r\nConnection: close\r\n\r\n';

/** firstAnswer resolves when a request on a new connection gets its first byte; `check` may throw between two tries, which are 2 ms apart. */
export async function firstAnswer(port: number, check: () => void): Promise<void> {
  while (!(await isAnswered(port))) {
    check();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function isAnswered(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(REQUEST));
    socket.once('data', (bytes: Buffer) => {
      socket.destroy();
      resolve(bytes.latin1Slice(0, 12) === 'HTTP/1.1 200');
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
