/**
 * The image of packaging/container/Containerfile, built and run as its first lines say: as an unprivileged user, on a file system that cannot
 * be written. Its base is a fresh Debian from debootstrap.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { writeApplication } from '../../packaging/application.ts';
import { writeDebianPackage } from '../../packaging/debian-package.ts';
import { Containers, debianRoot, eventually, Program, reasonForNoRoot, temporaryFolder } from '../kit/index.ts';

const CHECKOUT = new URL('../../', import.meta.url).pathname;
const BASE = 'docker.io/library/debian:trixie-slim';
const IMAGE = 'localhost/sluice';
const LOCKED = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

const rulesOn = (port: number, status: number): string =>
  `settings { state in "/var/lib/sluice" }\nlistener web on :${port} { otherwise deny ${status} }\n`;

let reason = reasonForNoRoot('buildah', 'podman', 'curl', 'nsenter', 'dpkg-deb', 'strip');
const containers = new Containers();
if (reason === null) {
  containers.import(debianRoot('trixie', []), BASE);
  reason = containers.reasonNotToRun(BASE);
}

describe('the container', reason === null ? {} : { skip: reason }, () => {
  const folder = temporaryFolder();
  const rules = join(folder, 'rules');
  const options = [...LOCKED, '--volume', `${rules}:/etc/sluice:ro`];

  const write = (text: string): void => writeFileSync(join(rules, 'gateway.sluice'), text);
  const logOf = (name: string): string => containers.podman('logs', name);
  const printed = (name: string, pattern: RegExp) =>
    eventually(String(pattern), () => pattern.exec(logOf(name)), 60_000);
  const status = (name: string, port: number): string =>
    containers.fetch(name, '--output', '/dev/null', '--write-out', '%{http_code}', `http://127.0.0.1:${port}/`);
  /** Process ids, states and users, as the host sees them. */
  const processes = (name: string): string =>
    containers.podman('top', name, 'pid', 'state', 'user').split('\n').slice(1).join('\n');

  before(() => {
    mkdirSync(rules);
    const context = join(folder, 'packages');
    mkdirSync(context);
    const application = join(folder, 'application');
    writeApplication(CHECKOUT, application);
    writeDebianPackage(
      { application, checkout: CHECKOUT, version: '1.0.0', compression: 'none' },
      join(context, 'sluice.deb'),
    );
    containers.build(join(CHECKOUT, 'packaging/container/Containerfile'), context, IMAGE);
  });
  after(() => containers.close());

  test('is small, has a numeric user and no shell', () => {
    const [bytes, user] = containers
      .podman('image', 'inspect', '--format', '{{.Size}} {{.Config.User}}', IMAGE)
      .split(' ');
    assert.ok(Number(bytes) <= 150e6, `${bytes} bytes`);
    assert.equal(user, '10001:10001');
    assert.notEqual(
      containers.try('run', '--rm', '--network', 'none', '--entrypoint', '/bin/sh', IMAGE, '-c', 'true').status,
      0,
    );
  });

  test('serves without privileges on a read-only file system, is healthy and logs to stdout', async () => {
    write(rulesOn(8080, 418));
    const name = containers.start('plain', IMAGE, options);
    await printed(name, /"msg":"ready after/);
    assert.equal(status(name, 8080), '418');
    for (const line of logOf(name).split('\n')) assert.equal((JSON.parse(line) as { level: string }).level, 'info');
    assert.equal(containers.try('healthcheck', 'run', name).status, 0);
    assert.match(containers.podman('exec', name, 'sluice', 'ctl', 'status'), /^running for/);
    assert.match(processes(name), /^1 +S +sluice\n\d+ +S +sluice$/);
  });

  test('reloads by SIGHUP and by `sluice ctl`', async () => {
    write(rulesOn(8080, 410));
    containers.podman('kill', '--signal', 'HUP', 'plain');
    await printed('plain', /generation 2 is active/);
    assert.equal(status('plain', 8080), '410');
    write('nonsense\n');
    const { status: code, stderr } = containers.try('exec', 'plain', 'sluice', 'ctl', 'reload');
    assert.equal(code, 1);
    assert.match(stderr, /gateway\.sluice:1:1/);
    assert.equal(status('plain', 8080), '410');
    write(rulesOn(8080, 418));
  });

  test('keeps its first process over an upgrade and a crash, and leaves no zombies', async () => {
    const gateway = (): string => processes('plain').split('\n').at(-1)!.split(' ')[0]!;
    const first = gateway();
    containers.podman('kill', '--signal', 'USR2', 'plain');
    await printed('plain', /"the replaced gateway, process \d+, has completed/);
    assert.notEqual(gateway(), first);
    const pid = containers.podman('top', 'plain', 'hpid').split('\n').at(-1)!.trim();
    process.kill(Number(pid), 'SIGSEGV');
    await printed('plain', /serves again after/);
    assert.equal(status('plain', 8080), '418');
    assert.match(processes('plain'), /^1 +S +sluice\n\d+ +S +sluice$/);
  });

  test('keeps its state in the volume for the next container', async () => {
    const volume = ['--volume', 'state:/var/lib/sluice'];
    await printed(containers.start('first', IMAGE, [...options, ...volume]), /"msg":"ready after/);
    containers.podman('stop', '--time', '60', 'first');
    assert.equal(containers.podman('inspect', '--format', '{{.State.ExitCode}}', 'first'), '0');
    await printed(containers.start('second', IMAGE, [...options, ...volume]), /"msg":"state of \d+ s ago was restored/);
    containers.podman('stop', '--time', '60', 'second');
  });

  test('completes open requests when it is stopped', async () => {
    const slow = join(folder, 'slow.mjs');
    writeFileSync(
      slow,
      `import { createServer } from 'node:http';
createServer((request, response) => { console.log('asked'); process.once('SIGUSR1', () => response.end('whole')); response.write('the '); }).listen(9001, () => console.log('listening'));\n`,
    );
    write('listener web on :8080 { otherwise send to app }\nbackend app of 127.0.0.1:9001\n');
    await printed(containers.start('stopped', IMAGE, options), /"msg":"ready after/);
    const pid = containers.podman('inspect', '--format', '{{.State.Pid}}', 'stopped');
    const server = new Program('nsenter', ['--target', pid, '--net', process.execPath, slow]);
    await server.printed(/listening/);
    const client = new Program('nsenter', ['--target', pid, '--net', 'curl', '--silent', 'http://127.0.0.1:8080/']);
    await server.printed(/asked/);
    containers.podman('kill', '--signal', 'TERM', 'stopped');
    await printed('stopped', /shutting down gracefully/);
    server.signal('SIGUSR1');
    await client.exited;
    assert.equal(client.output, 'the whole');
    assert.equal(containers.podman('wait', 'stopped'), '0');
    await server.stop();
  });

  test('binds a port below 1024 where it may, and says why not elsewhere', async () => {
    write(rulesOn(80, 418));
    const name = containers.start('refused', IMAGE, options);
    assert.equal(containers.podman('wait', name), '1');
    assert.match(containers.try('logs', name).stderr, /port 80 requires privileges/);
    for (const [way, more] of [
      ['capability', ['--cap-add', 'NET_BIND_SERVICE']],
      ['sysctl', ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=80']],
    ] as const) {
      await printed(containers.start(way, IMAGE, [...options, ...more]), /"msg":"ready after/);
      assert.equal(status(way, 80), '418');
    }
  });

  test('ends and says why when there are no rules, or no folder for the admin socket', () => {
    const run = ['run', '--rm', '--network', 'none', '--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=4096:4096'];
    const empty = containers.try(...run, IMAGE);
    assert.equal(empty.status, 1);
    assert.match(empty.stderr, /cannot read `\/etc\/sluice\/gateway\.sluice`: there is no such file/);
    write(rulesOn(8080, 404));
    const locked = ['--read-only', '--read-only-tmpfs=false', '--volume', `${rules}:/etc/sluice:ro`];
    const readOnly = containers.try(...run, ...locked, IMAGE);
    assert.equal(readOnly.status, 1);
    assert.match(readOnly.stderr, /sluice-admin\.sock cannot be created: .*read-only/);
  });
});
