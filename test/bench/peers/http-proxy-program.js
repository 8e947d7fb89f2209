/**
 * The http-proxy program: node http-proxy-program.js PORT ORIGIN_PORT. Runs as a process of its own. Benchmark code.
 */
import http from 'node:http';
import httpProxy from 'http-proxy';

const [port, originPort] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1024 });
const proxy = httpProxy.createProxyServer({ target: { host: '127.0.0.1', port: originPort }, agent, xfwd: true });
proxy.on('error', (_error, _request, response) => response.destroy?.());

const server = http.createServer((request, response) => proxy.web(request, response));
server.keepAliveTimeout = 300_000;
server.listen({ port, host: '127.0.0.1', backlog: 4096 });
