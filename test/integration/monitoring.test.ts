/**
 * The metrics, the alerts and the dashboard, with the real Prometheus and promtool.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';
import {
  AdminClient,
  answering,
  eventually,
  freePort,
  isInstalled,
  ok,
  Program,
  RawServer,
  temporaryFolder,
} from '../kit/index.ts';

const MONITORING = new URL('../../docs/monitoring/', import.meta.url).pathname;
const missing = ['prometheus', 'promtool'].find((command) => !isInstalled(command));

interface Dashboard {
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

/** Every query of the dashboard, with Grafana's own variables filled in. */
function dashboardQueries(): readonly { readonly title: string; readonly expr: string }[] {
  const { panels } = JSON.parse(readFileSync(`${MONITORING}grafana-dashboard.json`, 'utf8')) as Dashboard;
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
    })),
  );
}

describe('monitoring', missing === undefined ? {} : { skip: `${missing} is not installed` }, () => {
  let server: RawServer;
  let gateway: Gateway;
  let client: AdminClient;
  const folder = temporaryFolder();
  const file = join(folder, 'gateway.sluice');
  const list = join(folder, 'blocked.txt');

  const rules = (server: RawServer, more = ''): string => `
settings { admin on 127.0.0.1:0; log access json to "access.log" }
list blocked = ips from "blocked.txt" refresh 1s
listener web on 127.0.0.1:0 {
  deny ip in blocked
  limit 1000/s per ip
  otherwise send to app
}
backend app {
  server one ${server.address.host}:${server.address.port}
  server two 127.0.0.1:9
  check tcp every 100ms fall 1
  break circuit after 5 failures
}
${more}`;

  before(async () => {
    server = await RawServer.start(answering(() => ok()));
    writeFileSync(list, '192.0.2.1\n192.0.2.2\n');
    writeFileSync(file, rules(server));
    gateway = await createGateway({ rules: { file }, threads: 1, logger: false });
    await gateway.start();
    client = new AdminClient(gateway.adminAddress!);
  });
  after(async () => {
    await gateway.stop({ deadline: 0 });
    await server.stop();
  });

  const scrape = async (): Promise<string> => (await client.get('/metrics')).text;
  const numberOf = async (series: string): Promise<number> => {
    const line = (await scrape()).split('\n').find((each) => each.startsWith(`${series} `));
    assert.ok(line !== undefined, `${series} is not there`);
    return Number(line.slice(series.length + 1));
  };

  test('promtool finds nothing to object to, and every metric is described', async () => {
    const text = await scrape();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
    const helps = [...text.matchAll(/^# HELP (sluice_\S+) (.+)$/gm)];
    assert.ok(helps.length > 50);
    for (const [, name, help] of helps) assert.ok(help!.length > 12 && !help!.startsWith('sluice'), `${name}: ${help}`);
  });

  test('every metric is on the page that lists them', async () => {
    const page = readFileSync(`${MONITORING}README.md`, 'utf8');
    // `…_NAME` stands for the family before it: sluice_server_state, …_weight.
    const listed = new Set<string>();
    for (const [, row] of page.matchAll(/^\| (`sluice_.*?) \|/gm)) {
      let family = '';
      for (const [, name] of row!.matchAll(/`([\w…]+)`/g)) {
        if (!name!.startsWith('…')) family = /^sluice_[a-z]+/.exec(name!)![0];
        listed.add(name!.replace(/^…/, family));
      }
    }
    const isListed = (name: string): boolean =>
      [...listed].some(
        (each) => each === name || (each.includes('…') && new RegExp(`^${each.replace('…', '\\w+')}$`).test(name)),
      );
    const names = [...(await scrape()).matchAll(/^# TYPE (sluice_\S+)/gm)].map(([, name]) => name!);
    assert.deepEqual(
      names.filter((name) => !isListed(name)),
      [],
    );
  });

  test('the same rules have the same hash, and a reload that fails is seen', async () => {
    const hash = async () => /sluice_config_info\{hash="(\w{16})"\} 1/.exec(await scrape())![1];
    const before = await hash();
    await gateway.reload();
    assert.equal(await hash(), before);
    writeFileSync(file, 'nonsense\n');
    await assert.rejects(gateway.reload());
    assert.equal(await numberOf('sluice_config_last_reload_successful'), 0);
    assert.equal(await numberOf('sluice_config_reload_failures_total'), 1);
    writeFileSync(file, rules(server, 'list more = texts "a"\n'));
    await gateway.reload();
    assert.equal(await numberOf('sluice_config_last_reload_successful'), 1);
    assert.equal(await numberOf('sluice_config_reloads_total'), 3);
    assert.notEqual(await hash(), before);
    const age = Date.now() / 1000 - (await numberOf('sluice_config_last_reload_success_timestamp_seconds'));
    assert.ok(age >= 0 && age < 60);
  });

  test('servers have a histogram of their first bytes once they answered, and rules their hits', async () => {
    const hits = (line: number): string => `sluice_rule_hits_total{listener="web",rule="${file}:${line}"}`;
    const answered = 'sluice_server_first_byte_seconds_count{backend="app",server="one"}';
    const [limited, sent] = [await numberOf(hits(6)), await numberOf(hits(7))];
    const { port } = gateway.addresses().web as { port: number };
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    assert.equal(await numberOf(hits(5)), 0, 'the client is not blocked');
    assert.deepEqual([await numberOf(hits(6)), await numberOf(hits(7))], [limited + 1, sent + 1]);
    assert.ok((await numberOf(answered)) >= 1);
    const text = await scrape();
    assert.doesNotMatch(text, /sluice_server_first_byte_seconds\w*\{[^}]*server="two"/, 'it never answered');
    await gateway.reload();
    assert.equal(await numberOf(hits(7)), sent + 1, 'a reload keeps them');
  });

  test('a list whose file has errors is seen, and so is its recovery', async () => {
    assert.equal(await numberOf('sluice_list_entries{kind="list",name="blocked"}'), 2);
    writeFileSync(list, 'nonsense\n');
    const refreshed = 'sluice_list_last_refresh_successful{kind="list",name="blocked"}';
    await eventually('the list has failed', async () => (await numberOf(refreshed)) === 0);
    assert.equal(await numberOf('sluice_list_entries{kind="list",name="blocked"}'), 2);
    writeFileSync(list, '192.0.2.1\n192.0.2.2\n192.0.2.3\n');
    await eventually('the list is read again', async () => (await numberOf(refreshed)) === 1);
    assert.equal(await numberOf('sluice_list_entries{kind="list",name="blocked"}'), 3);
  });

  test('the real Prometheus scrapes it, loads the alerts, and answers every query of the dashboard', async () => {
    const port = await freePort();
    const data = join(folder, 'prometheus');
    mkdirSync(data);
    copyFileSync(`${MONITORING}alerts.yml`, join(folder, 'alerts.yml'));
    const { port: adminPort } = gateway.adminAddress as { port: number };
    const config = join(folder, 'prometheus.yml');
    writeFileSync(
      config,
      `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [alerts.yml]
scrape_configs:
  - job_name: sluice
    static_configs: [{ targets: ["127.0.0.1:${adminPort}"] }]
`,
    );
    const checked = spawnSync('promtool', ['check', 'config', config], { encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    const args = [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=127.0.0.1:${port}`];
    const prometheus = new Program('prometheus', args);
    try {
      const ask = async (path: string): Promise<{ status: string; data: never }> => {
        const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
        return (await response.json()) as { status: string; data: never };
      };
      const query = async (expr: string): Promise<readonly unknown[]> => {
        const { status, data } = await ask(`query?query=${encodeURIComponent(expr)}`);
        assert.equal(status, 'success', `${expr}: ${JSON.stringify(data)}`);
        return (data as { result: readonly unknown[] }).result;
      };
      await eventually('two scrapes are stored', async () =>
        query('count_over_time(sluice_generation[1m]) >= 3').then(
          (found) => found.length > 0,
          () => false,
        ),
      );
      const { port: web } = gateway.addresses().web as { port: number };
      await fetch(`http://127.0.0.1:${web}/`);
      const mayBeEmpty = new Set(['Share of 5xx', 'Certificates: days left']);
      for (const { title, expr } of dashboardQueries()) {
        const found = await query(expr);
        if (!mayBeEmpty.has(title)) assert.ok(found.length > 0, `${title}: nothing for ${expr}`);
      }
      type Rules = { groups: readonly { rules: readonly { name: string; health: string; query: string }[] }[] };
      await eventually('the alerts are evaluated', async () => {
        const { data } = await ask('rules');
        const all = (data as Rules).groups.flatMap((group) => group.rules);
        assert.equal(all.length, 15);
        assert.deepEqual(
          all.filter(({ health }) => health === 'err'),
          [],
        );
        return all.every(({ health }) => health === 'ok');
      });
      // The second server refuses every check, and its alert waits for its time.
      await eventually('the server that is down is pending', async () => {
        const { data } = await ask('alerts');
        const { alerts } = data as { alerts: readonly { labels: Record<string, string>; state: string }[] };
        return alerts.some(({ labels }) => labels.alertname === 'SluiceServerDown' && labels.server === 'two');
      });
    } finally {
      await prometheus.stop();
    }
  });
});
