/**
 * CtlProgram: the command line of `sluice ctl`. Main thread. What a command needs is imported when it is run.
 */
import { type Command, InvalidArgumentError } from 'commander';

const CTL_HELP = `
Talks to the admin API: \`settings { admin on 127.0.0.1:9900 }\` or \`sluice run --admin unix:/run/sluice.sock\`.
Where it is: --admin, or SLUICE_ADMIN, or 127.0.0.1:9900. The token: --token-file, or SLUICE_ADMIN_TOKEN.

Examples:
  sluice ctl status
  sluice ctl drain app/web1 --deadline 10m --wait     exit 0 when the last session has gone
  sluice ctl sessions app/web1                        who still holds on
  sluice ctl ready app/web1
  sluice ctl servers --json | jq '.servers[] | select(.state != "running") | .name'

Exit codes: 0 done, 1 the gateway refused, 2 usage, 3 the gateway cannot be reached`;

type Ended = (code: number) => void;

/** addCtl adds \`ctl\` and its commands to a program. */
export function addCtl(ctl: Command, ended: Ended): void {
  ctl.addHelpText('after', CTL_HELP);
  const command = (name: string, description: string): Command =>
    ctl
      .command(name)
      .description(description)
      .helpOption('-h, --help', 'print this help')
      .option('--admin <address>', 'where the gateway is asked (default: SLUICE_ADMIN, or 127.0.0.1:9900)')
      .option('--token-file <file>', 'the file that has the token (default: SLUICE_ADMIN_TOKEN)')
      .option('--json', 'print the answer as JSON');
  const commands = () => import('./ctl-commands.ts');

  command('status', 'the gateway as a whole').action(async (options) =>
    ended(await (await commands()).ctlStatus(options)),
  );

  command('servers', 'servers with their states, weights and what is open')
    .argument('[backend]', 'only those of this backend')
    .action(async (backend, options) => ended(await (await commands()).ctlServers(backend, options)));

  command('members', 'who a backend’s servers are, and where each comes from')
    .argument('<backend>', 'the backend')
    .action(async (backend, options) => ended(await (await commands()).ctlMembers(backend, options)));

  command('sticky', 'say where a client belongs, why, and since when')
    .argument('<backend>', 'the backend')
    .option('--ip <address>', 'the client’s address')
    .option('-H, --header <header>', "what it sends, as 'Cookie: sid=…'; may be given again", collect)
    .action(async (backend, options) => ended(await (await commands()).ctlSticky(backend, options)));

  command('sessions', 'who is on a server, oldest first')
    .argument('<server>', 'as backend/server', readServer)
    .option('--most <n>', 'at most so many (default: 100)', whole(1, 1000))
    .action(async (server, options) => ended(await (await commands()).ctlSessions(server, options)));

  command('drain', 'keep a server’s sticky clients, and give it no new ones')
    .argument('<server>', 'as backend/server', readServer)
    .option('--deadline <time>', 'after so long its sticky clients are moved: 30s, 10m, 1h', readTime)
    .option('--close', 'cut what is open at the deadline')
    .option('--wait', 'until the last session has gone')
    .action(async (server, options) => ended(await (await commands()).ctlTakeOut(server, 'drain', options)));

  command('maint', 'give a server nobody, and stop its health checks')
    .argument('<server>', 'as backend/server', readServer)
    .option('--close', 'cut what is open')
    .option('--wait', 'until nothing is open any more')
    .action(async (server, options) => ended(await (await commands()).ctlTakeOut(server, 'maint', options)));

  command('ready', 'end drain or maint')
    .argument('<server>', 'as backend/server', readServer)
    .action(async (server, options) => ended(await (await commands()).ctlSet(server, { admin: 'ready' }, options)));

  command('weight', 'set a server’s weight')
    .argument('<server>', 'as backend/server', readServer)
    .argument('<weight>', '0 to 256', whole(0, 256))
    .action(async (server, weight, options) => ended(await (await commands()).ctlSet(server, { weight }, options)));

  command('max', 'set the most requests at once on a server')
    .argument('<server>', 'as backend/server', readServer)
    .argument('<max>', '0 for no limit', whole(0, 1_000_000))
    .action(async (server, max, options) => ended(await (await commands()).ctlSet(server, { max }, options)));

  command('certificates', 'certificates with the days on which they end, and why one does not come')
    .option('--renew <name>', 'try for the certificates with this name now')
    .action(async (options) => ended(await (await commands()).ctlCertificates(options)));

  command('reload', 'read the rules again, as SIGHUP does').action(async (options) =>
    ended(await (await commands()).ctlReload(options)),
  );

  command('explain', 'say what the running gateway would do with a request, and why')
    .argument('<request...>', "such as 'GET https://www.example.com/admin from 198.51.100.7'")
    .option('-H, --header <header>', "a header of the request, as 'Name: value'; may be given again", collect)
    .option('--given <field>', "what TLS or a PROXY header says, as 'FIELD is VALUE'; may be given again", collect)
    .option('--listener <name>', 'the listener that takes the request')
    .action(async (request, options) => ended(await (await commands()).ctlExplain(request.join(' '), options)));

  command('events', 'print what happens, as it happens').action(async (options) =>
    ended(await (await commands()).ctlEvents(options)),
  );
}

function readServer(text: string): string {
  // A server without a name of its own is called by its address.
  if (/^[A-Za-z_][\w.-]*\/[A-Za-z0-9_[][!-~]{0,254}$/.test(text)) return text;
  throw new InvalidArgumentError('Say it as backend/server.');
}

function readTime(text: string): string {
  if (/^\d{1,9}(\.\d{1,3})?(ms|s|m|h)$/.test(text)) return text;
  throw new InvalidArgumentError('It is not a time, such as 30s, 10m or 1h.');
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is not a whole number from ${least} to ${most}.`);
  };
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
