import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./start.ts', import.meta.url));

/** Start runs `npm start`'s script, and waits for what it prints. */
class Start {
  readonly child;
  output = '';
  readonly ended: Promise<number | null>;
  #look = () => {};

  constructor(port: string) {
    this.child = spawn(process.execPath, [SCRIPT], { env: { ...process.env, PORT: port } });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#look();
      });
    }
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#look();
      return code;
    });
  }

  async printed(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`ended without printing "${text}": ${this.output}`);
      await new Promise<void>((resolve) => {
        this.#look = resolve;
      });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('npm start prints what to try, reloads the rules on SIGHUP, and leaves nothing running after Ctrl-C', async (t) => {
  const start = new Start('0');
  t.after(() => start.child.kill('SIGKILL'));
  await start.printed('Ctrl-C stops everything.');
  const [, url] = /gateway +(http:\S+)/.exec(start.output) ?? [];
  assert.ok(url !== undefined);
  const pids = [...start.output.matchAll(/backend \w+ .*process (\d+)/g)].map((match) => Number(match[1]));
  assert.equal(pids.length, 3);
  assert.ok(pids.every(isRunning));
  for (const part of [
    `curl -s ${url}/`,
    `curl -i ${url}/private`,
    'Cookie: sid=alice',
    `kill ${pids[0]}`,
    'kill -HUP',
  ]) {
    assert.ok(start.output.includes(part), part);
  }
  const answer = await fetch(url, { headers: { connection: 'close' } });
  assert.match(await answer.text(), /^hello from \w+/);

  start.child.kill('SIGHUP');
  await start.printed('rules reloaded');

  start.child.kill('SIGINT');
  assert.equal(await start.ended, 0);
  assert.deepEqual(pids.filter(isRunning), []);
});

test('a port in use is reported with a fix', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.after(() => holder.close());
  const start = new Start(String((holder.address() as AddressInfo).port));
  t.after(() => start.child.kill('SIGKILL'));
  assert.equal(await start.ended, 1);
  assert.match(start.output, /^\nThe quickstart cannot start: listener `web`: address \S+ is in use/);
  assert.match(start.output, /PORT=8081 npm start/);
  assert.doesNotMatch(start.output, /^ +at /m);
});
