/**
 * CtlProgram: the command line of `sluice ctl`. Main thread. What a command needs is imported when it is run.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';

const CTL_HELP = `
Uses the admin API: enable it with \`settings { admin on 127.0.0.1:9900 }\` or \`sluice run --admin unix:/run/sluice.sock\`.
Address: --admin, SLUICE_ADMIN, or 127.0.0.1:9900. Token: --token-file, or SLUICE_ADMIN_TOKEN.
TLS: an address that begins with https://, or --ca, or --cert and --key, or SLUICE_ADMIN_CA, SLUICE_ADMIN_CERT and SLUICE_ADMIN_KEY.

Examples:
  sluice ctl status
  sluice ctl drain app/web1 --deadline 10m --wait     wait until the last session has ended
  sluice ctl sessions app/web1                        list the remaining sessions
  sluice ctl top                                      watch rates, errors and latency; q quits
  sluice ctl errors                                   why requests were refused or failed
  sluice ctl ready app/web1
  sluice ctl servers --json | jq '.servers[] | select(.state != "running") | .name'

Exit codes: 0 success, 1 rejected by the gateway, 2 invalid command line, 3 the gateway cannot be reached`;

/** Orders of `ctl top`. */
const SORTS = ['requests', 'errors', 'latency', 'open', 'waiting', 'name'];

type Ended = (code: number) => void;

/** addCtl adds \`ctl\` and its commands to a program. */
export function addCtl(ctl: Command, ended: Ended): void {
  ctl.addHelpText('after', CTL_HELP);
  const command = (name: string, description: string, parent = ctl): Command =>
    parent
      .command(name)
      .description(description)
      .helpOption('-h, --help', 'print this help')
      .option('--admin <address>', 'address of the admin API (default: SLUICE_ADMIN, or 127.0.0.1:9900)')
      .option('--token-file <file>', 'file with the admin token (default: SLUICE_ADMIN_TOKEN)')
      .option('--ca <file>', 'authorities to trust, PEM (default: SLUICE_ADMIN_CA, or the system’s)')
      .option('--cert <file>', 'client certificate, PEM (default: SLUICE_ADMIN_CERT)')
      .option('--key <file>', 'its key (default: SLUICE_ADMIN_KEY, or beside the certificate)')
      .option('--json', 'print the response as JSON');
  const commands = () => import('./ctl-commands.ts');
  const lists = () => import('./ctl-lists.ts');
  const sticks = () => import('./ctl-sticks.ts');
  const traffic = () => import('./ctl-traffic.ts');

  command('status', 'show the state of the gateway').action(async (options) =>
    ended(await (await commands()).ctlStatus(options)),
  );

  command('top', 'watch listeners, backends and servers: rates, errors, latency, queues')
    .option('--once', 'print once and exit, as without a terminal')
    .option('--interval <seconds>', 'seconds between two looks (default: 1)', whole(1, 60))
    .addOption(new Option('--sort <order>', 'order of servers and backends').choices(SORTS).default('requests'))
    .action(async (options) => ended(await (await import('./top/top.ts')).ctlTop(options)));

  command('servers', 'list servers with state, weight and open requests')
    .argument('[backend]', 'only servers of this backend')
    .action(async (backend, options) => ended(await (await commands()).ctlServers(backend, options)));

  command('members', 'list the servers of a backend, and the source of each')
    .argument('<backend>', 'the backend')
    .action(async (backend, options) => ended(await (await commands()).ctlMembers(backend, options)));

  command('sticky', 'show which server a client sticks to, why, and since when')
    .argument('<backend>', 'the backend')
    .option('--ip <address>', 'address of the client')
    .option('-H, --header <header>', "request header, as 'Cookie: sid=…'; repeatable", collect)
    .action(async (backend, options) => ended(await (await commands()).ctlSticky(backend, options)));

  command('stick-table', 'list the clients that a backend’s stick table knows')
    .argument('<backend>', 'the backend')
    .option('--server <name>', 'only clients of this server')
    .option('--most <n>', 'maximum number of clients (default: 100)', whole(1, 1000))
    .option('--after <place>', 'start of the page, as the page before says', whole(0, 999_999_999))
    .action(async (backend, options) => ended(await (await sticks()).ctlStickTable(backend, options)));

  command('forget', 'clear entries of a stick table: the clients are new with their next request')
    .argument('<backend>', 'the backend')
    .argument('[entry]', 'ID of one entry')
    .option('--server <name>', 'all clients of this server')
    .option('--all', 'all clients')
    .action(async (backend, entry, options) => ended(await (await sticks()).ctlForget(backend, entry, options)));

  command('sessions', 'list open sessions, or those on a server, oldest first')
    .argument('[server]', 'as backend/server', readServer)
    .option('--client <address>', 'only sessions of this client address')
    .option('--most <n>', 'maximum number of sessions (default: 100)', whole(1, 1000))
    .action(async (server, options) => ended(await (await traffic()).ctlSessions(server, options)));

  command('kill', 'end a session, or all sessions of a server or a client')
    .argument('[id]', 'ID of the session')
    .option('--server <server>', 'all sessions on this server, as backend/server', readServer)
    .option('--client <address>', 'all sessions of this client address')
    .action(async (id, options) => ended(await (await traffic()).ctlKill(id, options)));

  command('errors', 'list the last requests that were refused or failed, with the reason')
    .option('--most <n>', 'maximum number of requests (default: 100)', whole(1, 1000))
    .action(async (options) => ended(await (await traffic()).ctlErrors(options)));

  command('limits', 'list the clients that were over a rate limit lately')
    .option('--most <n>', 'maximum number of clients (default: 100)', whole(1, 1000))
    .action(async (options) => ended(await (await traffic()).ctlLimits(options)));

  command('limits-clear', 'give a client that is over a rate limit its whole rate again')
    .argument('[entry]', 'ID of one entry')
    .option('--all', 'all clients of all limits')
    .action(async (entry, options) => ended(await (await traffic()).ctlLimitsClear(entry, options)));

  command('drain', 'drain a server: keep its sticky clients, send it no new ones')
    .argument('<server>', 'as backend/server', readServer)
    .option('--deadline <time>', 'when to move its sticky clients to other servers: 30s, 10m, 1h', readTime)
    .option('--close', 'close sessions still open at the deadline')
    .option('--wait', 'wait until the last session has ended')
    .action(async (server, options) => ended(await (await commands()).ctlTakeOut(server, 'drain', options)));

  command('maint', 'put a server into maintenance: no clients, no health checks')
    .argument('<server>', 'as backend/server', readServer)
    .option('--close', 'close open sessions immediately')
    .option('--wait', 'wait until no session is open')
    .action(async (server, options) => ended(await (await commands()).ctlTakeOut(server, 'maint', options)));

  command('ready', 'end drain or maint')
    .argument('<server>', 'as backend/server', readServer)
    .action(async (server, options) => ended(await (await commands()).ctlSet(server, { admin: 'ready' }, options)));

  command('weight', 'set a server’s weight')
    .argument('<server>', 'as backend/server', readServer)
    .argument('<weight>', '0 to 256', whole(0, 256))
    .action(async (server, weight, options) => ended(await (await commands()).ctlSet(server, { weight }, options)));

  command('max', 'set the maximum number of concurrent requests on a server')
    .argument('<server>', 'as backend/server', readServer)
    .argument('<max>', '0 for no limit', whole(0, 1_000_000))
    .action(async (server, max, options) => ended(await (await commands()).ctlSet(server, { max }, options)));

  command('lists', 'list lists and maps, or the entries of a list')
    .argument('[list]', 'the list')
    .option('--contains <text>', 'only entries with this text')
    .option('--most <n>', 'maximum number of entries (default: 100)', whole(1, 1000))
    .option('--after <place>', 'start of the page, as the page before says', whole(0, 999_999_999))
    .action(async (list, options) => ended(await (await lists()).ctlLists(list, options)));

  command('list-add', 'add entries to a list, until the next reload')
    .argument('<list>', 'the list')
    .argument('<entry...>', 'entries, as in a file of the list')
    .action(async (list, add, options) => ended(await (await lists()).ctlChangeList(list, { add }, options)));

  command('list-remove', 'remove entries from a list, until the next reload')
    .argument('<list>', 'the list')
    .argument('<entry...>', 'entries, as in a file of the list')
    .action(async (list, remove, options) => ended(await (await lists()).ctlChangeList(list, { remove }, options)));

  command('rules', 'list the active rules, and how often each was hit')
    .option('--listener <name>', 'only rules of this listener')
    .option('--never-hit', 'only rules that were never hit')
    .action(async (options) => ended(await (await traffic()).ctlRules(options)));

  command('add-server', 'add a server to a backend, without a reload')
    .argument('<backend>', 'the backend')
    .argument('<address...>', 'address, then as in a rule file: name NAME, weight N, max N, backup')
    .action(async (backend, words, options) => ended(await (await commands()).ctlAddServer(backend, words, options)));

  command('remove-server', 'remove a server that was added with add-server')
    .argument('<server>', 'as backend/server', readServer)
    .action(async (server, options) => ended(await (await commands()).ctlRemoveServer(server, options)));

  const config = ctl
    .command('config')
    .description('read, replace and roll back the rules of the gateway')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false);
  const configs = () => import('./ctl-config.ts');

  command('get', 'print the rule file', config)
    .option('--number <n>', 'the one of this entry of the history', whole(1, 999_999_999))
    .action(async (options) => ended(await (await configs()).ctlConfigGet(options)));

  command('put', 'check, test, write and activate new rules', config)
    .argument('<file>', 'the new rule file; - for stdin')
    .option('--message <text>', 'why, for the history')
    .option('--confirm-within <time>', 'roll back unless confirmed within this time: 2m', readTime)
    .option('--if-match <tag>', 'replace only these rules (default: those of now)')
    .action(async (file, options) => ended(await (await configs()).ctlConfigPut(file, options)));

  command('diff', 'check and test new rules, and show which requests they treat differently', config)
    .argument('<file>', 'the new rule file; - for stdin')
    .action(async (file, options) => ended(await (await configs()).ctlConfigDiff(file, options)));

  command('confirm', 'keep rules that were put with --confirm-within', config).action(async (options) =>
    ended(await (await configs()).ctlConfigConfirm(options)),
  );

  command('rollback', 'activate the rules of an entry of the history again', config)
    .argument('<number>', 'as in `history`', whole(1, 999_999_999))
    .action(async (number, options) => ended(await (await configs()).ctlConfigRollback(number, options)));

  command('history', 'list who changed the rules over the admin API, when and why', config).action(async (options) =>
    ended(await (await configs()).ctlConfigHistory(options)),
  );

  command('certificates', 'list certificates with their expiry dates, and why one could not be obtained')
    .option('--renew <name>', 'try to renew the certificates with this name now')
    .action(async (options) => ended(await (await commands()).ctlCertificates(options)));

  command('reload', 'reload the rules, as SIGHUP does').action(async (options) =>
    ended(await (await commands()).ctlReload(options)),
  );

  command('upgrade', 'have the version on disk take over without downtime, as SIGUSR2 does').action(async (options) =>
    ended(await (await commands()).ctlUpgrade(options)),
  );

  command('explain', 'show what the running gateway would do with a request, and why')
    .argument('<request...>', "for example 'GET https://www.example.com/admin from 198.51.100.7'")
    .option('-H, --header <header>', "request header, as 'Name: value'; repeatable", collect)
    .option('--given <field>', "value from TLS or a PROXY header, as 'FIELD is VALUE'; repeatable", collect)
    .option('--listener <name>', 'the listener that receives the request')
    .action(async (request, options) => ended(await (await commands()).ctlExplain(request.join(' '), options)));

  command('events', 'print events as they happen').action(async (options) =>
    ended(await (await commands()).ctlEvents(options)),
  );
}

function readServer(text: string): string {
  // A server without a name of its own is called by its address.
  if (/^[A-Za-z_][\w.-]*\/[A-Za-z0-9_[][!-~]{0,254}$/.test(text)) return text;
  throw new InvalidArgumentError('Write it as backend/server.');
}

function readTime(text: string): string {
  if (/^\d{1,9}(\.\d{1,3})?(ms|s|m|h)$/.test(text)) return text;
  throw new InvalidArgumentError('Must be a duration, such as 30s, 10m or 1h.');
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Must be a whole number from ${least} to ${most}.`);
  };
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
