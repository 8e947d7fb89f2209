/**
 * `npm start`: runs the demo, says what to try, and ends everything on Ctrl-C.
 *
 * PORT=8081 puts the gateway on another port; PORT=0 takes any free ones, for the backends too.
 */
import { relative } from 'node:path';
import { Demo, RULES } from './demo.ts';

const wanted = process.env.PORT;
const ports =
  wanted === undefined ? {} : wanted === '0' ? { port: 0, backendPorts: [0, 0, 0] } : { port: Number(wanted) };
const say = (text: string) => console.log(`  · ${text}`);

let demo: Demo;
try {
  demo = await Demo.start({ ...ports, say });
} catch (thrown) {
  console.error(`\nThe quickstart cannot start: ${(thrown as Error).message}`);
  console.error('\nTo put the gateway on another port: PORT=8081 npm start');
  process.exit(1);
}

const { url, backends } = demo;
const rules = relative('', RULES);
console.log(`
Sluice is running in front of three demo backends.

  gateway         ${url}   process ${process.pid}, rules in ${rules}
${backends.map(({ name, port, pid }) => `  backend ${name.padEnd(7)} http://127.0.0.1:${port}   process ${pid}`).join('\n')}

Try this in another terminal:

  each in turn    for i in 1 2 3 4 5 6 7 8; do curl -s ${url}/; done
  denied          curl -i ${url}/private
                  curl -i -H 'X-Forwarded-For: 203.0.113.9' ${url}/
  sticky          for i in 1 2 3 4; do curl -s -H 'Cookie: sid=alice' ${url}/; done
  kill a server   kill ${backends[0]!.pid}
                  then the first command again: the other two answer, and no request fails
  why             npx sluice explain ${rules} 'GET ${url}/private/x'
  change a rule   edit ${rules}, then: kill -HUP ${process.pid}

Ctrl-C stops everything.
`);

process.on('SIGHUP', () => {
  demo.reload().then(
    () => say('rules reloaded'),
    (error: Error) => say(`the old rules stay active, because the file has errors:\n\n${error.message}\n`),
  );
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    demo.stop().then(() => process.exit(0));
  });
}
