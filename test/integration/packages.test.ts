/**
 * The packages as users get them: packed, installed into an empty project, and run from there.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { blocksOf } from '../docs/page.ts';
import { Program, temporaryFolder } from '../kit/index.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const NPM_ENV = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false' };

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}

const packages = globSync(['{certificates,cli,core,dsl,plugin-kit}/package.json', 'plugins/*/package.json'], {
  cwd: ROOT,
})
  .map((file) => ({
    folder: dirname(join(ROOT, file)),
    manifest: JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Manifest,
  }))
  .filter(({ manifest }) => manifest.private !== true);

/** neededBy is a package with those of the workspace that it depends on, by name. */
function neededBy(name: string, needed = new Set<string>()): ReadonlySet<string> {
  const found = packages.find(({ manifest }) => manifest.name === name);
  if (found === undefined || needed.has(name)) return needed;
  needed.add(name);
  for (const other of Object.keys(found.manifest.dependencies ?? {})) neededBy(other, needed);
  return needed;
}

/** tarballOf is the file name of a package that was packed. */
function tarballOf(name: string): string {
  const packed = `${name.replace('@', '').replace('/', '-')}-`;
  return readdirSync(tarballs).find((file) => file.startsWith(packed) && /^\d/.test(file.slice(packed.length)))!;
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const program = new Program(command, args, { cwd, env: NPM_ENV });
  const { code } = await program.exited;
  assert.equal(code, 0, `${command} ${args.join(' ')}: ${program.output}`);
  return program.output;
}

const tarballs = join(temporaryFolder(), 'tarballs');

before(async () => {
  mkdirSync(tarballs);
  const which = packages.flatMap(({ manifest }) => ['-w', manifest.name]);
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', tarballs, ...which], ROOT);
  assert.equal(readdirSync(tarballs).length, packages.length);
});

describe('packed and installed for all users of a machine', () => {
  const prefix = join(temporaryFolder(), 'prefix');
  const command = join(prefix, 'bin/sluice');

  before(async () => {
    // All that the command needs: neither the kit for plugin authors, nor plugins that are installed beside it.
    const needed = neededBy('sluice');
    const files = packages
      .filter(({ manifest }) => needed.has(manifest.name))
      .map(({ manifest }) => join(tarballs, tarballOf(manifest.name)));
    await run(
      'npm',
      ['install', '--global', '--prefix', prefix, '--ignore-scripts', '--prefer-offline', ...files],
      '/',
    );
  });

  test('the installation is at most 60 MB', () => {
    const kilobytes = Number(/^\d+/.exec(execFileSync('du', ['-sk', prefix], { encoding: 'utf8' }))![0]);
    assert.ok(kilobytes > 1_000 && kilobytes <= 60_000, `${kilobytes} KB`);
  });

  test('`sluice run` serves, with its dashboard, and ends with SIGTERM', async (t) => {
    const origin = createServer((request, response) => response.end(`hello from ${request.url}`)).listen(
      0,
      '127.0.0.1',
    );
    t.after(() => origin.close());
    await once(origin, 'listening');
    const { port } = origin.address() as AddressInfo;
    const rules = join(prefix, 'gateway.sluice');
    writeFileSync(rules, `listener web on 127.0.0.1:0 { otherwise send to app; }\nbackend app of 127.0.0.1:${port}\n`);
    const program = new Program(process.execPath, [command, 'run', rules, '--admin', '127.0.0.1:0'], { cwd: '/' });
    const [, address] = await program.printed(/is on (127\.0\.0\.1:\d+)/);
    const answer = await fetch(`http://${address}/here`);
    assert.equal(await answer.text(), 'hello from /here');
    const [, admin] = await program.printed(/admin API (?:is on )?(127\.0\.0\.1:\d+)/);
    const page = await (await fetch(`http://${admin}/`)).text();
    for (const [, path] of page.matchAll(/(?:href|src)="(\/[^"]+)"/g)) {
      assert.equal((await fetch(`http://${admin}${path}`)).status, 200, `the dashboard’s ${path}`);
    }
    program.signal('SIGTERM');
    assert.equal((await program.exited).code, 0, program.output);
  });
});

describe('packed and installed into an empty project', () => {
  const project = join(temporaryFolder(), 'project');

  before(async () => {
    mkdirSync(project);
    const dependencies = Object.fromEntries(
      packages.map(({ manifest: { name } }) => [name, `file:${join(tarballs, tarballOf(name))}`]),
    );
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ name: 'empty', private: true, type: 'module', dependencies }),
    );
    await run('npm', ['install', '--ignore-scripts', '--prefer-offline'], project);
  });

  test('every package contains the files in its exports', () => {
    for (const { manifest } of packages) {
      for (const target of Object.values(manifest.exports ?? {})) {
        for (const file of [target.types, target.default]) {
          assert.ok(existsSync(join(project, 'node_modules', manifest.name, file)), `${manifest.name}: ${file}`);
        }
      }
    }
  });

  test('every package contains its README and licence, and neither tests nor build leftovers', () => {
    const licence = readFileSync(join(ROOT, 'LICENSE'), 'utf8');
    for (const { manifest } of packages) {
      const folder = join(project, 'node_modules', manifest.name);
      assert.equal(readFileSync(join(folder, 'LICENSE'), 'utf8'), licence, manifest.name);
      assert.match(readFileSync(join(folder, 'README.md'), 'utf8'), new RegExp(`^# ${manifest.name}\n`));
      assert.deepEqual(globSync(['test', 'tsconfig.json', '**/.tsbuildinfo', '**/*.test.*'], { cwd: folder }), []);
    }
  });

  test('the programs in the READMEs run unchanged', async () => {
    const programs = packages.flatMap(({ folder }) =>
      blocksOf(readFileSync(join(folder, 'README.md'), 'utf8')).filter(({ language }) => language === 'js'),
    );
    assert.ok(programs.length >= 3);
    for (const [index, { text }] of programs.entries()) {
      writeFileSync(join(project, `readme-${index}.js`), text);
      assert.notEqual(await run(process.execPath, [`readme-${index}.js`], project), '');
    }
  });

  test('the command checks a rule file', async () => {
    const file = join(project, 'gateway.sluice');
    writeFileSync(file, 'listener web on 127.0.0.1:0 {\n  otherwise send to app\n}\nbackend app of 127.0.0.1:9 {\n}\n');
    const command = join(project, 'node_modules/.bin/sluice');
    assert.ok(existsSync(command));
    await run(process.execPath, [command, 'check', file], project);
    await run(process.execPath, [command, '--version'], project);
  });

  test('the command refuses a bad rule file without a stack', async () => {
    const file = join(project, 'bad.sluice');
    writeFileSync(
      file,
      'listener web on 127.0.0.1:0 {\n  dney all\n  otherwise send to app\n}\nbackend app of 127.0.0.1:9 {\n}\n',
    );
    const program = new Program(process.execPath, [join(project, 'node_modules/.bin/sluice'), 'check', file]);
    const { code } = await program.exited;
    assert.equal(code, 1);
    assert.match(program.output, /bad\.sluice:2:3/);
    assert.doesNotMatch(program.output, /\n\s+at /);
  });

  test('createGateway serves, on data threads too, and ends with the program', async () => {
    writeFileSync(
      join(project, 'embed.js'),
      `import { createServer } from 'node:http';
import { createGateway } from 'sluice';
const server = createServer((request, response) => response.end('hello from ' + request.url)).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const rules = \`
listener web on 127.0.0.1:0 { otherwise send to app; }
backend app of 127.0.0.1:\${server.address().port} { }
\`;
for (const threads of [0, 2]) {
  const gateway = await createGateway({ rules, threads, logger: false });
  await gateway.start();
  const { host, port } = gateway.addresses().web;
  const answer = await fetch(\`http://\${host}:\${port}/\${threads}\`);
  console.log(answer.status, await answer.text());
  await gateway.stop({ deadline: '1s' });
}
server.close();
`,
    );
    const output = await run(process.execPath, ['embed.js'], project);
    assert.equal(output, '200 hello from /0\n200 hello from /2\n');
  });
});

test('a checkout without development dependencies is built, and runs', async () => {
  const checkout = join(temporaryFolder(), 'checkout');
  const files = (await run('git', ['ls-files'], ROOT))
    .split('\n')
    .filter((file) => /^(dsl|core|certificates|plugins|cli|plugin-kit)\/|^tsconfig/.test(file));
  for (const file of files.filter((each) => existsSync(join(ROOT, each)))) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    cpSync(join(ROOT, file), join(checkout, file));
  }
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<
      Record<string, { readonly dev?: true; readonly link?: true; readonly resolved?: string }>
    >;
  };
  for (const [path, { dev, link, resolved }] of Object.entries(lock.packages)) {
    // Packages within packages come with those; of what is for other machines there is nothing here.
    if (dev === true || path.lastIndexOf('node_modules/') !== 0) continue;
    const from = link === true ? join(checkout, resolved!) : join(ROOT, path);
    if (!existsSync(from)) continue;
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    symlinkSync(from, join(checkout, path));
  }
  const node = join(checkout, 'node_modules/node/bin/node');
  await run(node, ['node_modules/typescript/bin/tsc', '-b'], checkout);
  const rules = join(checkout, 'gateway.sluice');
  writeFileSync(rules, 'listener web on 127.0.0.1:0 { otherwise send to app }\nbackend app of 127.0.0.1:9\n');
  assert.match(await run(node, ['cli/bin/sluice.js', 'check', rules], checkout), /no problems/);
});

test('a dry run of a release shows every package, the commits and the notes, and leaves no trace', async () => {
  const trace = () => run('git', ['log', '-1', '--format=%H %D'], ROOT);
  const before = await trace();
  const output = await run('node', ['packaging/release.ts', '--dry-run'], ROOT);
  const { version } = packages.find(({ manifest }) => manifest.name === 'sluice')!.manifest;
  const [list, commits, notes] = output.split(/^(?:Packages|Commits|Release notes)$/m).slice(1);
  const names = [...list!.matchAll(/^(\S+)@(\S+) +\d+ KB +\d+ files$/gm)];
  assert.deepEqual(names.map(([, name]) => name!).sort(), packages.map(({ manifest }) => manifest.name).sort());
  assert.deepEqual(new Set(names.map(([, , each]) => each)), new Set([version]));
  assert.match(commits!, new RegExp(`^\\w+ Release ${version}\\n\\w+ Date the changelog of ${version}$`, 'm'));
  assert.match(notes!, /^### Added$/m);
  assert.equal(await trace(), before);
});
