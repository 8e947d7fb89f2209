/**
 * Upgrades under load: wrk counts no error of any kind while the gateway's process is replaced, with and without keep-alive, and over TLS.
 * SLUICE_UPGRADE_SECONDS says how long each load goes on (default 4), with one upgrade every two seconds or so, and at most ten.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCertificate } from '../bench/certificate.ts';
import { readReport } from '../bench/wrk.ts';
import {
  eventually,
  freePort,
  Program,
  runSluice,
  skipUnless,
  startNamedServer,
  temporaryFolder,
} from '../kit/index.ts';

const SECONDS = Number(process.env.SLUICE_UPGRADE_SECONDS ?? 4);
const UPGRADES = Math.min(10, Math.max(2, Math.floor(SECONDS / 2)));
const LOADS = {
  'with keep-alive': ['http', []],
  'without keep-alive': ['http', ['-H', 'Connection: close']],
  'over TLS': ['https', []],
} as const;

for (const [how, [scheme, headers]] of Object.entries(LOADS)) {
  test(`wrk counts no error over ${UPGRADES} upgrades, ${how}`, skipUnless('wrk'), async () => {
    const server = await startNamedServer('one');
    const { certFile, keyFile } = makeCertificate(temporaryFolder());
    const securePort = await freePort();
    const rules = (port: number) => `settings {
  threads 2
}
listener web on 127.0.0.1:${port} {
  otherwise send to app
}
listener secure on 127.0.0.1:${securePort} {
  tls terminate cert "${certFile}" key "${keyFile}"
  otherwise send to app
}
backend app of ${server.address.host}:${server.address.port}
`;
    const sluice = await runSluice(rules, '--log-level', 'debug');
    try {
      await sluice.program.printed(/the gateway serves, as process/);
      const port = scheme === 'https' ? securePort : sluice.address.port;
      const wrk = new Program('wrk', ['-t1', '-c32', `-d${SECONDS}s`, ...headers, `${scheme}://127.0.0.1:${port}/`]);
      for (let count = 1; count <= UPGRADES; count++) {
        sluice.program.signal('SIGUSR2');
        const counted = (): number => sluice.program.output.match(/upgraded to version/g)?.length ?? 0;
        await eventually(`upgrade ${count}`, () => counted() === count);
        // They are spread over the time of the load.
        await new Promise((resolve) => setTimeout(resolve, (SECONDS * 1000) / UPGRADES / 4));
      }
      await wrk.exited;
      const report = readReport(`${wrk.output}\n`);
      assert.equal(report.errors, 0, wrk.output);
      assert.ok(report.requests > 0);
    } finally {
      await sluice.stop();
      await server.program.stop();
    }
  });
}
