/**
 * Program: the command line: what it takes, and its help. Main thread.
 */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { addCtl } from './ctl/ctl-program.ts';
import { LOG_LEVELS } from './log-levels.ts';
import { ownVersion } from './version.ts';

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
  sluice check gateway.sluice     validate the rule file
  sluice explain gateway.sluice 'GET http://example.com/ from 198.51.100.7'
  sluice run gateway.sluice       start the gateway

Exit codes:
  0  success                  1  the rules have errors, or the gateway cannot start
  2  invalid command line     130, 143  a second SIGINT or SIGTERM stopped \`run\` immediately
  3  \`ctl\`: the gateway cannot be reached

Environment:
  NO_COLOR            disable colors
  SLUICE_ADMIN        admin API address for \`sluice ctl\`
  SLUICE_ADMIN_TOKEN  admin API token for \`sluice ctl\`, and for \`sluice run --admin\`
  SLUICE_DEBUG        print stack traces of internal errors`;

const RUN_HELP = `
Examples:
  sluice run gateway.sluice
  sluice run /etc/sluice/gateway.sluice --threads 4 --log-level warn
  sluice run gateway.sluice --check     only validate, same as \`sluice check\`
  sluice run gateway.sluice --admin unix:/run/sluice.sock

Signals:
  SIGHUP           hot reload: reloads the rule file without dropping a request. If the file has errors, the
                   active rules stay in effect and the errors are logged
  SIGTERM, SIGINT  graceful shutdown: stops accepting connections, waits for open requests to complete
                   (30 s, or \`settings { drain … }\`), then exits with 0. A second signal stops the gateway
                   immediately, with 143 or 130

Two processes run: a supervisor, which handles signals, and the gateway, which the supervisor restarts after a crash.
--no-supervisor runs only the gateway, for debugging (node --inspect implies it).

Logs go to stdout: plain text on a terminal, otherwise JSON, one object per line.`;

const CHECK_HELP = `
Reports every error and warning in a file, each with its location and, where possible, a suggested fix.
\`sluice run\` loads rules the same way: a file that passes here loads there.

Examples:
  sluice check gateway.sluice
  sluice check sites/*.sluice
  sluice check gateway.sluice --json | jq '.files[].problems[].message'

Exit codes: 0 no errors (warnings are allowed), 1 errors, 2 invalid command line`;

const FMT_HELP = `
Changes only whitespace, line breaks and semicolons; comments are kept. A file that cannot be parsed is left
unchanged and its errors are reported. Files are replaced atomically and keep their mode. \`-\` reads stdin and writes
stdout.

Examples:
  sluice fmt gateway.sluice
  sluice fmt --check sites/*.sluice     change nothing; exit 1 if a file is not formatted
  sluice fmt - < gateway.sluice

Exit codes: 0 formatted (--check: already formatted), 1 errors (--check: or not formatted), 2 invalid command line`;

const TEST_HELP = `
A test describes a request or a connection, and the expected result:
  test "outsiders cannot see admin" {
    given ip 198.51.100.7, GET https://www.example.com/admin/x
    expect deny 404 by admin
  }
  test "payments go to their servers" {
    given tcp to :443, sni pay.example.com
    expect send to payments
  }
A failing test shows what was expected, what happened instead, and why. Coverage counts the rules that matched, and
the comparisons that were both true and false.

Examples:
  sluice test gateway.sluice
  sluice test gateway.sluice --coverage --fail-under 80
  sluice test gateway.sluice --generate >> gateway.sluice

Exit codes: 0 all tests passed, 1 errors, a failed test or insufficient coverage, 2 invalid command line`;

const LINT_HELP = `
Finds rules that can never run because earlier rules together match every request they would match, conditions that
contradict themselves, rules made redundant by a later one, unused names, and overlapping lists. There are no false
positives. Rules that could not be decided within the analysis budget are reported as such.

Examples:
  sluice lint gateway.sluice
  sluice lint gateway.sluice --json | jq '.files[].rules[] | {text, witness}'    an example request per rule

Exit codes: 0 no findings, 1 findings, 2 invalid command line`;

const DIFF_HELP = `
Finds requests and connections that the two files treat differently, one example per pair of rules, and shows what
each file does with it. Every example is run through both files before it is shown. Verdicts are compared; changes to
headers are not.

Examples:
  sluice diff gateway.sluice gateway.new.sluice
  git show HEAD:gateway.sluice > /tmp/old.sluice; sluice diff /tmp/old.sluice gateway.sluice

Exit codes: 0 no differences found, 1 differences, or errors in a file, 2 invalid command line`;

const PLAN_HELP = `
Examples:
  sluice plan gateway.sluice
  sluice plan gateway.sluice | jq '.backends[].servers[].address'
  diff <(sluice plan old.sluice) <(sluice plan new.sluice)`;

const EXPLAIN_HELP = `
REQUEST is METHOD URL [HTTP/VERSION] [from ADDRESS], or for a connection: tcp to :PORT [from ADDRESS]. Both can describe
the TLS client hello: sni NAME, alpn PROTOCOL …. The version is, for example, HTTP/1.0 or HTTP/2. The listener is the one
on that port, or the only one. Quotes are optional.
Rules are evaluated in order up to the one that decides: ✓ true, ✗ false, · not evaluated. A request that the gateway
rejects before any rule gets the same status here, and the reason.

Examples:
  sluice explain gateway.sluice 'GET https://www.example.com/admin from 198.51.100.7'
  sluice explain gateway.sluice 'POST http://example.com:8080/login' -H 'Cookie: sid=abc' -H 'X-Team: blue'
  sluice explain gateway.sluice 'GET http://example.com/' --listener web --json | jq .verdict
  sluice explain gateway.sluice tcp to :443 sni pay.example.com alpn h2 from 198.51.100.7
  sluice explain gateway.sluice GET https://api.example.com/ --given 'client certificate is verified' --given 'client certificate cn is ann'`;

const LSP_HELP = `
A language server for editors: diagnostics as you type, completion, hover documentation, go to definition, rename,
formatting and quick fixes. It speaks the Language Server Protocol on stdin and stdout, and is started by the editor.
The package includes an extension for VS Code: editors/vscode.

Opening a rule file imports the plugins named in its \`use\` lines, as \`sluice check\` does.`;

const CERT_HELP = `
For development and private networks: create a certificate authority (CA) of your own, and certificates signed by it.
Keys are ECDSA (P-256), or RSA with --rsa. Key files are readable only by their owner (mode 0600).

Examples:
  sluice cert ca                                  ca.pem and ca.key
  sluice cert leaf localhost 127.0.0.1            localhost.pem: certificate, CA and key
  sluice cert leaf '*.example.com' example.com --out certs --ca ca.pem --days 90

In a rule file:  tls terminate cert "localhost.pem"       clients trust ca.pem: curl --cacert ca.pem …
                 tls bridge ca "ca.pem"                    servers present certificates signed by it

Exit codes: 0 success, 1 failure (or a file already exists), 2 invalid command line`;

const REPLAY_HELP = `
Evaluates the rules for each request and connection in an access log, and reports what would change compared with what
was logged. LOG is Sluice's own format (JSON lines) or the combined log format of other servers, detected line by line;
files ending in .gz are decompressed. Nothing is guessed: if a rule needs something that a line does not contain, the
line counts as unknown.

Examples:
  sluice replay new.sluice access.log
  sluice replay new.sluice access.log.1.gz --threads 2 --json | jq '.groups[] | select(.outcome == "changed")'
  sluice replay new.sluice nginx.log --listener edge     for logs that do not name the listener
  sluice replay new.sluice access.log --max-unknown 0    every line must be decidable

Exit codes: 0 nothing changes, 1 changes, too many unknown lines, or errors in the rules or the log, 2 invalid command
line`;

const COMPLETION_HELP = `
Completes commands, options, files, and the servers and backends of a running gateway (by its admin API, at SLUICE_ADMIN
or 127.0.0.1:9900). \`servers\` and \`backends\` print those names; the scripts use them.

  bash   echo 'source <(sluice completion bash)' >> ~/.bashrc
  zsh    echo 'source <(sluice completion zsh)' >> ~/.zshrc       after compinit
  fish   sluice completion fish > ~/.config/fish/completions/sluice.fish`;

/**
 * createProgram returns the command line. What a command ends with is handed to `ended`. A command is imported when it is
 * asked for: no other pays for what it needs.
 */
export function createProgram(ended: (code: number) => void): Command {
  const program = new Command('sluice')
    .description('A programmable load balancer and gateway with its own rule language')
    .version(`sluice ${ownVersion()}`, '-V, --version', 'print the version and exit')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(see sluice --help)')
    .showSuggestionAfterError()
    .addHelpText('after', OVERVIEW)
    .exitOverride();

  const command = (name: string, description: string, help: string): Command =>
    program
      .command(name)
      .description(description)
      .helpOption('-h, --help', 'print this help')
      .showHelpAfterError(`(see sluice help ${name})`)
      .addHelpText('after', help);

  command('run', 'run a gateway in the foreground', RUN_HELP)
    .argument('<file>', 'the rule file')
    .option(
      '--threads <n>',
      'number of data threads; 0: use the main thread (default: from the rule file, or one per core)',
      readThreads,
    )
    .addOption(new Option('--log-level <level>', 'minimum level to log').choices(LOG_LEVELS).default('info'))
    .option('--admin <address>', 'address of the admin API (default: from the rule file; otherwise off)')
    .option('--check', 'validate the rule file and exit')
    .option('--no-supervisor', 'run the gateway in this process, without restarts after a crash')
    .action(async (file, options) => {
      const { run } = await import('./commands/run.ts');
      ended(await run(file, options));
    });

  command('check', 'validate rule files', CHECK_HELP)
    .argument('<file...>', 'rule files')
    .option('--json', 'print errors and warnings as JSON')
    .action(async (files, options) => {
      const { check } = await import('./commands/check.ts');
      ended(await check(files, options));
    });

  command('explain', 'show what happens to a request or a connection, and why', EXPLAIN_HELP)
    .argument('<file>', 'the rule file')
    .argument('<request...>', "for example 'GET https://www.example.com/admin from 198.51.100.7'")
    .option('-H, --header <header>', "request header, as 'Name: value'; repeatable", collect)
    .option('--given <field>', "value from TLS or a PROXY header, as 'FIELD is VALUE'; repeatable", collect)
    .option('--listener <name>', 'the listener that receives it')
    .option('--json', 'print the explanation as JSON')
    .action(async (file, request, options) => {
      const { explain } = await import('./commands/explain.ts');
      ended(await explain(file, request.join(' '), options));
    });

  command('fmt', 'format rule files in the standard style', FMT_HELP)
    .argument('<file...>', 'rule files; - reads stdin')
    .option('--check', 'change nothing, only list files that are not formatted')
    .option('--json', 'print the results as JSON')
    .action(async (files, options) => {
      const { fmt } = await import('./commands/fmt.ts');
      ended(await fmt(files, options));
    });

  command('test', 'run the tests of rule files', TEST_HELP)
    .argument('<file...>', 'rule files')
    .option('--coverage', 'list rules and comparisons that no test covers')
    .option('--fail-under <percent>', 'fail if coverage is below this', readPercent)
    .option('--generate', 'run no tests; print tests for rules that no test matches')
    .option('--json', 'print the results as JSON')
    .action(async (files, options) => {
      const { test } = await import('./commands/test.ts');
      ended(await test(files, options));
    });

  command('lsp', 'start the language server for editors', LSP_HELP)
    .option('--stdio', 'communicate over stdin and stdout (the default, and the only transport)')
    .action(async () => {
      const { lsp } = await import('./commands/lsp.ts');
      ended(await lsp(ownVersion()));
    });

  command('lint', 'find rules that can never run, and other mistakes', LINT_HELP)
    .argument('<file...>', 'rule files')
    .option('--json', 'print the findings, and an example request per rule, as JSON')
    .action(async (files, options) => {
      const { lint } = await import('./commands/lint.ts');
      ended(await lint(files, options));
    });

  command('diff', 'find requests that two versions of the rules treat differently', DIFF_HELP)
    .argument('<old>', 'the old rule file')
    .argument('<new>', 'the new rule file')
    .option('--json', 'print the differences as JSON')
    .action(async (before, after, options) => {
      const { diff } = await import('./commands/diff.ts');
      ended(await diff(before, after, options));
    });

  command('plan', 'print the compiled plan of a rule file as JSON', PLAN_HELP)
    .argument('<file>', 'the rule file')
    .action(async (file) => {
      const { plan } = await import('./commands/plan.ts');
      ended(await plan(file));
    });

  command('replay', 'show what the rules would change for the requests in an access log', REPLAY_HELP)
    .argument('<file>', 'the rule file')
    .argument('<log>', 'the access log')
    .option('--threads <n>', 'number of worker threads; 0: use the main thread (default: one per core)', readThreads)
    .option('--listener <name>', 'listener for lines that name none')
    .option('--max-unknown <percent>', 'maximum share of unknown lines (default: 10)', readPercent)
    .option('--json', 'print the report as JSON')
    .action(async (file, log, options) => {
      const { replay } = await import('./commands/replay.ts');
      ended(await replay(file, log, options));
    });

  const cert = command('cert', 'create a CA and certificates for development and private networks', CERT_HELP);
  cert
    .command('ca')
    .description('create a CA: ca.pem and ca.key')
    .argument('[name]', 'common name of the CA', 'Sluice development authority')
    .option('--out <folder>', 'output folder', '.')
    .option('--days <n>', 'days until it expires', readDays, 3650)
    .option('--rsa', 'use RSA keys, for very old clients')
    .option('--force', 'overwrite existing files')
    .action(async (name, options) => {
      const { certCa } = await import('./commands/cert.ts');
      ended(await certCa(name, options));
    });
  cert
    .command('leaf')
    .description('create a certificate with its key: NAME.pem')
    .argument('<name...>', 'host names, *.example.com or addresses; the first one names the file')
    .option('--out <folder>', 'output folder', '.')
    .option('--ca <file>', 'CA that signs it (default: ca.pem in the output folder)')
    .option('--ca-key <file>', 'key of the CA (default: in the same file, or ca.key next to it)')
    .addOption(new Option('--self-signed', 'create a self-signed certificate').conflicts(['ca', 'caKey']))
    .option('--days <n>', 'days until it expires', readDays, 397)
    .option('--rsa', 'use an RSA key, for very old clients')
    .option('--p12', 'also write NAME.p12')
    .option('--password-file <file>', 'file with the password for NAME.p12')
    .option('--force', 'overwrite existing files')
    .action(async (names, options) => {
      const { certLeaf } = await import('./commands/cert.ts');
      ended(await certLeaf(names, options));
    });

  command('completion', 'print a completion script for your shell', COMPLETION_HELP)
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish', 'servers', 'backends']))
    .action(async (shell) => {
      const { completion } = await import('./commands/completion.ts');
      ended(await completion(shell, program));
    });

  addCtl(
    program
      .command('ctl')
      .description('inspect and control a running gateway')
      .helpOption('-h, --help', 'print this help'),
    ended,
  );

  return program;
}

function readThreads(text: string): number {
  const threads = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (threads <= MOST_THREADS) return threads;
  throw new InvalidArgumentError(`Must be a whole number from 0 to ${MOST_THREADS}.`);
}

function readDays(text: string): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (days >= 1 && days <= MOST_DAYS) return days;
  throw new InvalidArgumentError(`Must be a whole number from 1 to ${MOST_DAYS}.`);
}

function readPercent(text: string): number {
  const percent = /^\d{1,3}(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (percent <= 100) return percent;
  throw new InvalidArgumentError('Must be a number from 0 to 100.');
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
