/**
 * Program: the command line: what it takes, and its help. Main thread.
 */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { addCtl } from './ctl/ctl-program.ts';
import { LOG_LEVELS } from './log-levels.ts';

const MOST_THREADS = 256;
/** A hundred years. */
const MOST_DAYS = 36_500;

const OVERVIEW = `
A rule file in a nutshell:
  listener web on :8080 {
    deny ip 10.0.0.0/8
    otherwise send to app
  }
  backend app of 127.0.0.1:9001, 127.0.0.1:9002

First steps:
  sluice check gateway.sluice     is it right?
  sluice explain gateway.sluice 'GET http://example.com/ from 198.51.100.7'
  sluice run gateway.sluice       go

Exit codes:
  0  all is well              1  the rules have problems, or the gateway cannot start
  2  wrong command line       130, 143  a second SIGINT or SIGTERM stopped \`run\` at once
  3  \`ctl\`: the gateway cannot be reached

Environment:
  NO_COLOR      no colours, even on a terminal
  SLUICE_ADMIN  where \`sluice ctl\` asks; SLUICE_ADMIN_TOKEN: what it shows
  SLUICE_DEBUG  shows where an internal error came from`;

const RUN_HELP = `
Examples:
  sluice run gateway.sluice
  sluice run /etc/sluice/gateway.sluice --threads 4 --log-level warn
  sluice run gateway.sluice --check     only check, as \`sluice check\` does
  sluice run gateway.sluice --admin unix:/run/sluice.sock

Signals:
  SIGHUP           reads the file again and switches without losing a request; a file with problems
                   changes nothing, and the log says what is wrong
  SIGTERM, SIGINT  takes no new connections, lets open requests end (30 s, or \`settings { drain … }\`),
                   then exits with 0. A second signal stops at once, with 143 or 130

Two processes: a supervisor, which takes the signals, and the gateway, which it starts again should it crash.
--no-supervisor runs the gateway alone, as debuggers want it (node --inspect does so too).

The log is JSON, one line each, on stdout; on a terminal it is plain text.`;

const CHECK_HELP = `
All problems of a file are shown at once, each with its place and, where possible, its mend.
What passes here, \`sluice run\` loads: both take the same way.

Examples:
  sluice check gateway.sluice
  sluice check sites/*.sluice
  sluice check gateway.sluice --json | jq '.files[].problems[].message'

Exit codes: 0 clean (warnings do not count), 1 problems, 2 usage`;

const FMT_HELP = `
Only blanks, line ends and semicolons change; comments stay. A file that cannot be parsed is left as it is, and
its problems are shown. Files are replaced in one step, and keep their mode. \`-\` reads stdin and writes stdout.

Examples:
  sluice fmt gateway.sluice
  sluice fmt --check sites/*.sluice     change nothing; exit 1 if a file is in another style
  sluice fmt - < gateway.sluice

Exit codes: 0 done (with --check: all in style), 1 problems (with --check: or another style), 2 usage`;

const TEST_HELP = `
A test gives a request, or a connection, and says what is expected:
  test "outsiders cannot see admin" {
    given ip 198.51.100.7, GET https://www.example.com/admin/x
    expect deny 404 by admin
  }
  test "payments go to their servers" {
    given tcp to :443, sni pay.example.com
    expect send to payments
  }
A test that fails shows what was expected, what happens instead, and why. Coverage counts rules that have matched, and
comparisons that have held and not held.

Examples:
  sluice test gateway.sluice
  sluice test gateway.sluice --coverage --fail-under 80
  sluice test gateway.sluice --generate >> gateway.sluice

Exit codes: 0 all passed, 1 problems, a failed test or too little coverage, 2 usage`;

const LINT_HELP = `
It finds rules that can never run because the rules before them together take every request they want, conditions
that contradict themselves, rules that do what a later one does anyway, names that nothing uses, and lists that overlap.
What it reports is so: there are no false alarms. What it cannot settle within its budget it says.

Examples:
  sluice lint gateway.sluice
  sluice lint gateway.sluice --json | jq '.files[].rules[] | {text, witness}'    a request for every rule

Exit codes: 0 nothing to say, 1 findings, 2 usage`;

const DIFF_HELP = `
It finds requests and connections that the two files treat in different ways, one for each pair of rules, and shows what each does with it.
Every example is run through both files before it is shown. Verdicts are compared, not headers that are changed.

Examples:
  sluice diff gateway.sluice gateway.new.sluice
  git show HEAD:gateway.sluice > /tmp/old.sluice; sluice diff /tmp/old.sluice gateway.sluice

Exit codes: 0 no difference was found, 1 differences, or errors in a file, 2 usage`;

const PLAN_HELP = `
Examples:
  sluice plan gateway.sluice
  sluice plan gateway.sluice | jq '.backends[].servers[].address'
  diff <(sluice plan old.sluice) <(sluice plan new.sluice)`;

const EXPLAIN_HELP = `
REQUEST is METHOD URL [from ADDRESS], or for a connection tcp to :PORT [from ADDRESS]. Either may say what a TLS client
does: sni NAME, alpn PROTOCOL …. The listener is the one on that port, or the only one. Quotes may be left out.
Rules are judged in order up to the one that decides: ✓ holds, ✗ does not, · was not asked. What live traffic refuses
before any rule has the same status here, and the reason. A version may stand behind the URL: HTTP/1.0, HTTP/2.

Examples:
  sluice explain gateway.sluice 'GET https://www.example.com/admin from 198.51.100.7'
  sluice explain gateway.sluice 'POST http://example.com:8080/login' -H 'Cookie: sid=abc' -H 'X-Team: blue'
  sluice explain gateway.sluice 'GET http://example.com/' --listener web --json | jq .verdict
  sluice explain gateway.sluice tcp to :443 sni pay.example.com alpn h2 from 198.51.100.7
  sluice explain gateway.sluice GET https://api.example.com/ --given 'client certificate is verified' --given 'client certificate cn is ann'`;

const LSP_HELP = `
The language server for editors: problems as you type, completion, documentation, definitions, renaming,
formatting and quick fixes. It speaks the Language Server Protocol on stdin and stdout; editors start it.
The package has an extension for VS Code: editors/vscode.

Opening a rule file imports the plugins that its \`use\` lines name, as \`sluice check\` does.`;

const CERT_HELP = `
For trying things out, and for networks of your own: an authority that only you trust, and certificates of it.
Keys are ECDSA (P-256) unless --rsa is said. Files with keys are for their owner alone (mode 0600).

Examples:
  sluice cert ca                                  ca.pem and ca.key
  sluice cert leaf localhost 127.0.0.1            localhost.pem: certificate, authority and key
  sluice cert leaf '*.example.com' example.com --out certs --ca ca.pem --days 90

In a rule file:  tls terminate cert "localhost.pem"       clients trust ca.pem: curl --cacert ca.pem …
                 tls bridge ca "ca.pem"                    servers show certificates of it

Exit codes: 0 done, 1 it could not be done (also: a file is there already), 2 usage`;

const REPLAY_HELP = `
Takes each request and connection of an access log through the rules and says what would change against what the log says was done.
LOG is Sluice's own (JSON lines) or in the combined format of other servers, told apart line by line; a name that ends
in .gz is unpacked. Nothing is guessed: where a rule asks for what a line does not say, the line counts as unknown.

Examples:
  sluice replay new.sluice access.log
  sluice replay new.sluice access.log.1.gz --threads 2 --json | jq '.groups[] | select(.outcome == "changed")'
  sluice replay new.sluice nginx.log --listener edge     for logs that do not say which listener it was
  sluice replay new.sluice access.log --max-unknown 0    every line has to be decided

Exit codes: 0 nothing changes, 1 something does, or too many lines are unknown, or the rules or the log have
problems, 2 usage`;

/**
 * createProgram returns the command line. What a command ends with is handed to `ended`. A command is imported when it is
 * asked for: no other pays for what it needs.
 */
export function createProgram(ended: (code: number) => void): Command {
  const program = new Command('sluice')
    .description('A programmable load balancer and gateway with its own rule language.')
    .version(`sluice ${ownVersion()}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(sluice --help says more)')
    .showSuggestionAfterError()
    .addHelpText('after', OVERVIEW)
    .exitOverride();

  const command = (name: string, description: string, help: string): Command =>
    program
      .command(name)
      .description(description)
      .helpOption('-h, --help', 'print this help')
      .showHelpAfterError(`(sluice help ${name} says more)`)
      .addHelpText('after', help);

  command('run', 'run a gateway in the foreground', RUN_HELP)
    .argument('<file>', 'the rule file')
    .option(
      '--threads <n>',
      'data threads; 0: the main thread (default: as the file says, or one per core)',
      readThreads,
    )
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
    .option('--admin <address>', 'serve the admin API here (default: as the file says, or nowhere)')
    .option('--check', 'only check the file, then exit')
    .option('--no-supervisor', 'run the gateway in this process; a crash ends it')
    .action(async (file, options) => {
      const { run } = await import('./commands/run.ts');
      ended(await run(file, options));
    });

  command('check', 'check rule files', CHECK_HELP)
    .argument('<file...>', 'rule files')
    .option('--json', 'print the problems as JSON')
    .action(async (files, options) => {
      const { check } = await import('./commands/check.ts');
      ended(await check(files, options));
    });

  command('explain', 'say what happens to a request or a connection, and why', EXPLAIN_HELP)
    .argument('<file>', 'the rule file')
    .argument('<request...>', "such as 'GET https://www.example.com/admin from 198.51.100.7'")
    .option('-H, --header <header>', "a header of the request, as 'Name: value'; may be given again", collect)
    .option('--given <field>', "what TLS or a PROXY header says, as 'FIELD is VALUE'; may be given again", collect)
    .option('--listener <name>', 'the listener that takes it')
    .option('--json', 'print the explanation as JSON')
    .action(async (file, request, options) => {
      const { explain } = await import('./commands/explain.ts');
      ended(await explain(file, request.join(' '), options));
    });

  command('fmt', 'put rule files into the one style', FMT_HELP)
    .argument('<file...>', 'rule files; - is stdin')
    .option('--check', 'change nothing, only say which files are in another style')
    .option('--json', 'print what was done as JSON')
    .action(async (files, options) => {
      const { fmt } = await import('./commands/fmt.ts');
      ended(await fmt(files, options));
    });

  command('test', 'run the tests of rule files', TEST_HELP)
    .argument('<file...>', 'rule files')
    .option('--coverage', 'show what no test has seen')
    .option('--fail-under <percent>', 'fail when less than this is covered', readPercent)
    .option('--generate', 'run none; print tests for the rules that no test has seen match')
    .option('--json', 'print the results as JSON')
    .action(async (files, options) => {
      const { test } = await import('./commands/test.ts');
      ended(await test(files, options));
    });

  command('lsp', 'serve editors, over the Language Server Protocol', LSP_HELP)
    .option('--stdio', 'on stdin and stdout (the default, and the only way)')
    .action(async () => {
      const { lsp } = await import('./commands/lsp.ts');
      ended(await lsp(ownVersion()));
    });

  command('lint', 'find rules that can never run, and other slips', LINT_HELP)
    .argument('<file...>', 'rule files')
    .option('--json', 'print the findings, and a request for every rule, as JSON')
    .action(async (files, options) => {
      const { lint } = await import('./commands/lint.ts');
      ended(await lint(files, options));
    });

  command('diff', 'find requests that two versions of rules treat in different ways', DIFF_HELP)
    .argument('<old>', 'the rule file as it was')
    .argument('<new>', 'the rule file as it is to be')
    .option('--json', 'print the differences as JSON')
    .action(async (before, after, options) => {
      const { diff } = await import('./commands/diff.ts');
      ended(await diff(before, after, options));
    });

  command('plan', 'print the plan of a rule file as JSON', PLAN_HELP)
    .argument('<file>', 'the rule file')
    .action(async (file) => {
      const { plan } = await import('./commands/plan.ts');
      ended(await plan(file));
    });

  command('replay', 'say what rules would change for the requests of an access log', REPLAY_HELP)
    .argument('<file>', 'the rule file')
    .argument('<log>', 'the access log')
    .option('--threads <n>', 'threads to work on; 0: the main thread (default: one per core)', readThreads)
    .option('--listener <name>', 'the listener of lines that name none')
    .option('--max-unknown <percent>', 'how many of the lines may be unknown (default: 10)', readPercent)
    .option('--json', 'print the report as JSON')
    .action(async (file, log, options) => {
      const { replay } = await import('./commands/replay.ts');
      ended(await replay(file, log, options));
    });

  const cert = command('cert', 'make an authority and certificates of your own', CERT_HELP);
  cert
    .command('ca')
    .description('make an authority: ca.pem and ca.key')
    .argument('[name]', 'what people see', 'Sluice development authority')
    .option('--out <folder>', 'where to put the files', '.')
    .option('--days <n>', 'how long it is good', readDays, 3650)
    .option('--rsa', 'make RSA keys, for very old clients')
    .option('--force', 'write over files that are there')
    .action(async (name, options) => {
      const { certCa } = await import('./commands/cert.ts');
      ended(await certCa(name, options));
    });
  cert
    .command('leaf')
    .description('make a certificate with its key: NAME.pem')
    .argument('<name...>', 'names of hosts, *.example.com, addresses; the first one names the file')
    .option('--out <folder>', 'where to put the files', '.')
    .option('--ca <file>', 'the authority that signs (default: ca.pem in the folder)')
    .option('--ca-key <file>', 'its key (default: in the same file, or beside it as ca.key)')
    .addOption(new Option('--self-signed', 'sign it with its own key').conflicts(['ca', 'caKey']))
    .option('--days <n>', 'how long it is good', readDays, 397)
    .option('--rsa', 'make an RSA key, for very old clients')
    .option('--p12', 'write NAME.p12 too')
    .option('--password-file <file>', 'the file with the password of NAME.p12')
    .option('--force', 'write over files that are there')
    .action(async (names, options) => {
      const { certLeaf } = await import('./commands/cert.ts');
      ended(await certLeaf(names, options));
    });

  addCtl(
    program.command('ctl').description('ask and change a running gateway').helpOption('-h, --help', 'print this help'),
    ended,
  );

  return program;
}

function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function readThreads(text: string): number {
  const threads = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (threads <= MOST_THREADS) return threads;
  throw new InvalidArgumentError(`It is not a whole number from 0 to ${MOST_THREADS}.`);
}

function readDays(text: string): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (days >= 1 && days <= MOST_DAYS) return days;
  throw new InvalidArgumentError(`It is not a whole number from 1 to ${MOST_DAYS}.`);
}

function readPercent(text: string): number {
  const percent = /^\d{1,3}(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (percent <= 100) return percent;
  throw new InvalidArgumentError('It is not a number from 0 to 100.');
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
