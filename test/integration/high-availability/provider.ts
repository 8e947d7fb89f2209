/**
 * The API of a cloud provider, as far as one that moves addresses: logs each call as a line of JSON, and refuses the first ones.
 * `node provider.ts PORT LOG REFUSED`. Test code.
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, log, refused] = process.argv.slice(2) as [string, string, string];
let count = 0;

createServer(async (request, response) => {
  let body = '';
  for await (const text of request.setEncoding('utf8')) body += text;
  const status = count++ < Number(refused) ? 500 : 200;
  const { method, url, headers } = request;
  appendFileSync(
    log,
    `${JSON.stringify({ method, url, token: headers['x-auth-token'], body: JSON.parse(body), status })}\n`,
  );
  response.writeHead(status).end('{}');
}).listen(Number(port));
