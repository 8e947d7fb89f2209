/**
 * The Debian package on a Debian whose PID 1 is a real systemd: its service's life. On Debian 12, whose systemd reloads by `ExecReload=`, and
 * on 13, whose systemd has `Type=notify-reload`.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readReport } from '../bench/wrk.ts';
import { eventually } from '../kit/index.ts';
import { packageFolder, packageOf, reasonForNoService, rulesWith, ServiceMachine } from './service-machine.ts';

const PATIENCE_MS = 60_000;
const reason = reasonForNoService('wrk');

for (const suite of ['bookworm', 'trixie']) {
  describe(`the package on Debian’s ${suite}`, reason === null ? {} : { skip: reason }, () => {
    let service: ServiceMachine;

    before(async () => {
      service = await ServiceMachine.boot(suite);
    });
    after(() => service?.stop());

    test('is a service that serves when it has been installed, and systemd objects to nothing in it', async () => {
      assert.deepEqual(
        ['ActiveState', 'SubState', 'StatusText', 'UnitFileState', 'NRestarts'].map((each) => service.shown(each)),
        ['active', 'running', 'serving', 'enabled', '0'],
      );
      assert.equal(service.status('/'), '404');
      assert.match(service.machine.run('sluice ctl status'), /^running for /);
      const objections = service.machine.run(
        'journalctl --no-pager -o cat -p notice -u sluice | grep -v notify-reload || true',
      );
      assert.doesNotMatch(objections, /ignoring|already exists|deprecated|failed/i);
      const modes = service.machine.run(
        "stat -c '%U:%G %a %n' /etc/sluice /var/lib/sluice /var/log/sluice /var/cache/sluice /run/sluice",
      );
      assert.deepEqual(modes.split('\n'), [
        'root:sluice 750 /etc/sluice',
        'sluice:sluice 750 /var/lib/sluice',
        'sluice:sluice 750 /var/log/sluice',
        'sluice:sluice 750 /var/cache/sluice',
        'sluice:sluice 755 /run/sluice',
      ]);
    });

    test('`systemctl reload` returns when the new rules are in force', () => {
      const main = service.shown('MainPID');
      for (const code of [410, 451]) {
        service.writeRules(rulesWith(code));
        service.machine.run('systemctl reload sluice');
        assert.equal(service.status('/'), String(code));
      }
      assert.equal(service.shown('MainPID'), main);
      assert.equal(service.shown('StatusText'), 'serving');
    });

    test('`systemctl reload` fails for rules with errors, says where, and the old rules stay', async () => {
      service.writeRules('listener web on :80 { nonsense }');
      assert.notEqual(service.machine.try('systemctl reload sluice').code, 0);
      assert.match(service.machine.run('journalctl -u sluice -n 20 --no-pager -o cat'), /gateway\.sluice:1:\d+/);
      assert.equal(service.status('/'), '451');
      assert.equal(service.shown('ActiveState'), 'active');
      service.writeRules(rulesWith(404));
      service.machine.run('systemctl reload sluice');
      assert.equal(service.status('/'), '404');
    });

    test('SIGUSR2 upgrades, and systemd goes on with the same main process', async () => {
      const [main, old] = [service.shown('MainPID'), service.gateway()];
      service.machine.run('systemctl kill --signal=USR2 --kill-who=main sluice');
      await eventually(
        'the new gateway is alone',
        () => service.gateway() !== old && !service.gateway().includes('\n'),
        PATIENCE_MS,
      );
      await eventually('it is ready', () => service.shown('StatusText') === 'serving', PATIENCE_MS);
      assert.deepEqual(
        [service.shown('MainPID'), service.shown('ActiveState'), service.shown('NRestarts')],
        [main, 'active', '0'],
      );
      assert.equal(service.status('/'), '404');
    });

    test('a gateway that crashes is started again by its supervisor, a supervisor by systemd', async () => {
      const [main, old] = [service.shown('MainPID'), service.gateway()];
      service.machine.run(`kill -SEGV ${old}`);
      // The supervisor has the listening socket: the client waits.
      assert.equal(service.status('/'), '404');
      assert.deepEqual([service.shown('MainPID'), service.shown('NRestarts')], [main, '0']);
      service.machine.run(`kill -SEGV ${main}`);
      await eventually(
        'systemd has started it again',
        () => service.shown('NRestarts') === '1' && service.shown('SubState') === 'running',
        PATIENCE_MS,
      );
      assert.notEqual(service.shown('MainPID'), main);
      assert.equal(service.status('/'), '404');
    });

    test('a gateway that hangs is ended by the watchdog, and started again', async () => {
      service.machine.run(`mkdir -p /run/systemd/system/sluice.service.d
printf '[Service]\\nWatchdogSec=5s\\n' > /run/systemd/system/sluice.service.d/watchdog.conf
systemctl daemon-reload && systemctl restart sluice`);
      const main = service.shown('MainPID');
      service.machine.run(`kill -STOP ${service.gateway()}`);
      await eventually(
        'systemd has started it again',
        () => service.shown('MainPID') !== main && service.shown('SubState') === 'running',
        PATIENCE_MS,
      );
      assert.match(service.machine.run('journalctl -u sluice --no-pager -o cat'), /Failed with result 'watchdog'/);
      assert.equal(service.status('/'), '404');
      service.machine.run(
        'rm -r /run/systemd/system/sluice.service.d && systemctl daemon-reload && systemctl restart sluice',
      );
    });

    test('logrotate moves the logs, and lines go to the new file', async () => {
      service.writeRules(
        rulesWith(404).replace('settings {', 'settings {\n  log access combined to "/var/log/sluice/access.log"'),
      );
      service.machine.run('systemctl reload sluice');
      const lines = (name: string): string => service.machine.try(`cat /var/log/sluice/${name}`).output;
      service.status('/before');
      await eventually('a line', () => lines('access.log').includes('/before'));
      service.machine.run('logrotate --force /etc/logrotate.d/sluice');
      await eventually('the log is reopened', () => {
        service.status('/after');
        return lines('access.log').includes('/after');
      });
      assert.match(lines('access.log.1'), /\/before/);
      assert.equal(service.machine.run("stat -c '%U:%G %a' /var/log/sluice/access.log"), 'sluice:sluice 640');
    });

    test('a newer package takes over under load without an error, and changed configuration stays', async () => {
      service.writeRules(`${rulesWith(404)}\n# by the administrator`);
      service.machine.run('systemctl reload sluice');
      const main = service.shown('MainPID');
      assert.match(service.machine.run('sluice ctl status'), /^sluice 1\.0\.0,/m);
      const loads = [[], ['-H', 'Connection: close']].map((headers) =>
        service.machine.inNetwork('wrk', '-t1', '-c16', '-d20s', ...headers, 'http://127.0.0.1/'),
      );
      service.machine.run(`dpkg -i ${packageOf('1.0.1')}`);
      assert.match(service.machine.run('sluice ctl status'), /^sluice 1\.0\.1,/m);
      assert.equal(service.shown('MainPID'), main);
      for (const load of loads) {
        await load.exited;
        const { requests, errors } = readReport(`${load.output.replace(/^\s*Non-2xx.*$/m, '')}\n`);
        assert.equal(errors, 0, load.output);
        assert.ok(requests > 0);
      }
      assert.match(service.machine.run('cat /etc/sluice/gateway.sluice'), /# by the administrator/);
    });

    test('an upgrade to a version that does not accept the rules leaves the old one serving, and says so', () => {
      service.machine.run('echo nonsense >> /etc/sluice/gateway.sluice');
      const { code, output } = service.machine.try(`dpkg -i ${packageOf('1.0.1')}`);
      assert.equal(code, 0, output);
      assert.match(output, /the old version goes on/);
      assert.equal(service.status('/'), '404');
      assert.equal(service.shown('ActiveState'), 'active');
      service.machine.run('sed -i /^nonsense/d /etc/sluice/gateway.sluice');
    });

    test('sockets that systemd holds outlive the service, and no client is refused while it restarts', async () => {
      service.machine.run(`mkdir -p /etc/systemd/system/sluice.socket.d
printf '[Socket]\\nListenStream=/run/sluice/web.sock\\n' > /etc/systemd/system/sluice.socket.d/more.conf`);
      service.writeRules(rulesWith(404).replace('on :80 {', 'on :80, unix:/run/sluice/web.sock {'));
      service.machine.run(
        'systemctl daemon-reload; systemctl enable sluice.socket; systemctl stop sluice && systemctl start sluice.socket sluice',
      );
      const script = `restart() { systemctl restart sluice; }
restart & for i in $(seq 200); do curl -s -o /dev/null -w '%{http_code}\\n' --max-time 60 http://127.0.0.1/; done | sort | uniq -c; wait`;
      assert.equal(service.machine.run(script).trim(), '200 404');
      service.machine.run('systemctl stop sluice');
      const woken = service.machine.run(
        "curl -s -o /dev/null -w '%{http_code}' --unix-socket /run/sluice/web.sock http://a.test/",
      );
      assert.equal(woken, '404');
      await eventually('the service has been started', () => service.shown('SubState') === 'running', PATIENCE_MS);
      service.machine.run(
        'systemctl disable sluice.socket && systemctl stop sluice.socket sluice && rm -r /etc/systemd/system/sluice.socket.d && systemctl daemon-reload',
      );
      service.writeRules(rulesWith(404));
      service.machine.run('systemctl start sluice');
    });

    test('the sandbox leaves little to take away', () => {
      assert.ok(service.exposure() <= 1.6);
    });

    test('a removed package leaves its configuration and data, a purged one only what it did not bring', () => {
      service.writeRules(rulesWith(418));
      service.machine.run('systemctl reload sluice && echo key > /etc/sluice/own.key && dpkg --remove sluice');
      assert.equal(service.shown('ActiveState'), 'inactive');
      assert.equal(service.machine.try('command -v sluice').code, 1);
      service.machine.run('ls /var/lib/sluice/gateway.state /var/log/sluice/access.log');
      service.machine.run(`dpkg -i ${packageOf('1.0.1')}`);
      assert.deepEqual(
        ['ActiveState', 'UnitFileState'].map((each) => service.shown(each)),
        ['active', 'enabled'],
      );
      assert.equal(service.status('/'), '418');
      service.machine.run('systemctl disable --now sluice');
      service.machine.run(`dpkg --remove sluice && dpkg -i ${packageOf('1.0.1')}`);
      assert.deepEqual(
        ['ActiveState', 'UnitFileState'].map((each) => service.shown(each)),
        ['inactive', 'disabled'],
      );
      service.machine.run('dpkg --purge sluice');
      const left = service.machine.run(
        'find / -xdev -path /proc -prune -o -name "*sluice*" -not -path "/tmp/*" -not -path "/root/.cache/*" -print; ls /etc/sluice',
      );
      assert.deepEqual(
        left.split('\n').filter((path) => !path.startsWith(packageFolder)),
        ['/etc/sluice', 'own.key'],
      );
      assert.match(service.machine.run('getent passwd sluice'), /:\/usr\/sbin\/nologin$/);
    });
  });
}
