/**
 * What the unit's sandbox has to leave possible, on a Debian whose PID 1 is a real systemd: everything that a gateway reads, writes and binds.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, PEBBLE_PROGRAMS } from '../kit/index.ts';
import { packageOf, reasonForNoService, rulesWith, ServiceMachine } from './service-machine.ts';

const PATIENCE_MS = 60_000;
const reason = reasonForNoService('openssl', ...PEBBLE_PROGRAMS);

const RULES = `use teapot from "./teapot.js"
settings {
  admin on unix:/run/sluice/admin.sock token secret "ADMIN_TOKEN"
  state in "/var/lib/sluice"
  certificates from acme "https://127.0.0.1:14000/dir" ca "/etc/sluice/authority.pem" agree to terms
  log access json to "/var/log/sluice/access.log"
  log access combined to stderr
}
listener web on :80, unix:/run/sluice/web.sock {
  socket mode 666
  brew when path is /tea
  otherwise send to app
}
listener edge on :443 {
  tls terminate cert "/etc/sluice/tls/own.pem" key "/etc/sluice/tls/own.key"
  certificate from acme for a.test
  otherwise send to app
}
backend app of localhost:9001, unix:/run/app.sock
`;

const PLUGIN = `import { definePlugin } from '@sluice/core/plugin';
export default definePlugin({ name: 'teapot', apiVersion: 1, data: import.meta.url, words: [
  { kind: 'verb', name: 'brew', doc: 'Answers 418.', example: 'brew', part: 'guard', phase: 'request', args: [], isPartial: true } ] });
export const verbs = { brew: () => ({ kind: 'check', check: () => ({ status: 418, headers: [], body: null }) }) };
`;

const PEBBLE = JSON.stringify({
  pebble: {
    listenAddress: '127.0.0.1:14000',
    managementListenAddress: '127.0.0.1:15000',
    certificate: '/etc/pebble.pem',
    privateKey: '/etc/pebble.key',
    httpPort: 80,
    tlsPort: 443,
  },
});

/** A server for each address of the backend, in perl, which every Debian has. */
const APP = `use IO::Socket; my $s = $ARGV[0] =~ m{^/}
  ? IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 9) : IO::Socket::INET->new(LocalAddr => $ARGV[0], Listen => 9, ReuseAddr => 1);
chmod 0666, $ARGV[0];
while (my $c = $s->accept) { while (<$c>) { last if /^\\r?$/ } print $c "HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\nConnection: close\\r\\n\\r\\nhi\\n"; close $c }`;

describe('the sandbox of the unit', reason === null ? {} : { skip: reason }, () => {
  let service: ServiceMachine;
  const write = (file: string, text: string): void => {
    service.machine.run(`mkdir -p "$(dirname ${file})" && cat > ${file} <<'END'\n${text}\nEND`);
  };
  const makeCertificate = (name: string, alternative: string): void => {
    service.machine.run(
      `mkdir -p "$(dirname ${name})" && openssl req -x509 -newkey rsa:2048 -nodes -keyout ${name}.key -out ${name}.pem -days 30 -subj /CN=x -addext subjectAltName=${alternative} 2>/dev/null`,
    );
  };
  const body = (args: string): string => service.machine.run(`curl -s --max-time 20 ${args}`);

  before(async () => {
    service = await ServiceMachine.boot('bookworm', ['/usr/bin/pebble', '/usr/bin/pebble-challtestsrv']);
    makeCertificate('/etc/pebble', 'IP:127.0.0.1');
    makeCertificate('/etc/sluice/tls/own', 'DNS:own.test');
    write('/etc/pebble.json', PEBBLE);
    write('/root/app.pl', APP);
    write('/etc/sluice/teapot.js', PLUGIN);
    write('/etc/default/sluice', 'SLUICE_SECRET_ADMIN_TOKEN=0123456789abcdef0123456789abcdef\n');
    service.machine.run(`cp /etc/pebble.pem /etc/sluice/authority.pem
chgrp -R sluice /etc/sluice/tls && chmod 750 /etc/sluice/tls && chmod 640 /etc/sluice/tls/*
systemd-run --quiet perl /root/app.pl 127.0.0.1:9001
systemd-run --quiet perl /root/app.pl /run/app.sock
systemd-run --quiet pebble-challtestsrv -dns01 127.0.0.1:5353 -management 127.0.0.1:5354 -http01 '' -https01 '' -tlsalpn01 '' -defaultIPv6 ''
systemd-run --quiet -E PEBBLE_VA_NOSLEEP=1 pebble -config /etc/pebble.json -dnsserver 127.0.0.1:5353`);
    service.writeRules(RULES);
    service.machine.run(
      'runuser -u sluice -- env SLUICE_SECRET_ADMIN_TOKEN=0123456789abcdef0123456789abcdef sluice check /etc/sluice/gateway.sluice',
    );
    service.machine.run('systemctl restart sluice');
  });
  after(() => service?.stop());

  test('servers by name and by Unix socket, plugins and secrets from the environment work', () => {
    for (let count = 0; count < 4; count++) assert.equal(body('http://127.0.0.1/'), 'hi');
    assert.equal(service.status('/tea'), '418');
    assert.notEqual(service.machine.try('sluice ctl status').code, 0);
    assert.match(
      service.machine.run('SLUICE_ADMIN_TOKEN=0123456789abcdef0123456789abcdef sluice ctl servers'),
      /localhost:9001/,
    );
  });

  test('another user connects to a Unix socket in /run/sluice, and not to the admin API', () => {
    assert.equal(
      service.machine.run('runuser -u nobody -- curl -s --unix-socket /run/sluice/web.sock http://a.test/'),
      'hi',
    );
    assert.equal(
      service.machine.try('runuser -u nobody -- curl -s --unix-socket /run/sluice/admin.sock http://a.test/').code,
      7,
    );
  });

  test('a key that only the group can read is served, and a certificate is obtained and kept', async () => {
    assert.equal(body('--cacert /etc/sluice/tls/own.pem --resolve own.test:443:127.0.0.1 https://own.test/'), 'hi');
    service.machine.run('curl -sk https://127.0.0.1:15000/roots/0 > /root/authority.pem');
    const ask = 'curl -s --cacert /root/authority.pem --resolve a.test:443:127.0.0.1 https://a.test/';
    await eventually('the certificate', () => service.machine.try(ask).output === 'hi', PATIENCE_MS);
    service.machine.run('systemctl restart sluice');
    assert.equal(service.machine.run(ask), 'hi');
    assert.equal(service.machine.run("stat -c '%U %a' /var/lib/sluice/acme"), 'sluice 700');
  });

  test('access logs are in /var/log/sluice and in the journal, and state is in /var/lib/sluice', async () => {
    service.status('/logged');
    await eventually('a line', () => service.machine.try('grep /logged /var/log/sluice/access.log').code === 0);
    await eventually('a line', () =>
      /"GET \/logged /.test(service.machine.run('journalctl -u sluice -o cat --no-pager -n 50')),
    );
    assert.equal(service.machine.run("stat -c '%U %a' /var/lib/sluice/gateway.state"), 'sluice 600');
  });

  test('what the unit does not name cannot be written, and what belongs to others not read', () => {
    const main = service.shown('MainPID');
    const status = service.machine.run(`cat /proc/${main}/status`);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^CapEff:\s+0000000000000400$/m);
    // In the service's own view of the file system, even for root.
    const { output } = service.machine.try(`nsenter --target ${main} --mount touch /usr/lib/x /etc/x /home/x 2>&1`);
    assert.equal(output.match(/Read-only file system/g)?.length, 3, output);
  });

  test('the configuration API writes the rules once the administrator has opened the folder to the group', () => {
    service.writeRules(rulesWith(404));
    service.machine.run('systemctl reload sluice');
    service.machine.run('sluice ctl config get > /root/new.sluice && sed -i s/404/410/ /root/new.sluice');
    assert.match(service.machine.try('sluice ctl config put /root/new.sluice').output, /cannot be written/);
    service.machine.run('chmod g+w /etc/sluice && sluice ctl config put /root/new.sluice');
    assert.equal(service.status('/'), '410');
    service.machine.run(`dpkg -i ${packageOf('1.0.1')}`);
    assert.equal(service.machine.run("stat -c '%U:%G %a' /etc/sluice"), 'root:sluice 770');
    assert.equal(service.status('/'), '410');
  });

  test('with sockets from systemd, the service needs no privilege', () => {
    service.machine.run('rm /etc/default/sluice && touch /etc/default/sluice');
    service.writeRules(rulesWith(404));
    write(
      '/etc/systemd/system/sluice.service.d/override.conf',
      '[Service]\nAmbientCapabilities=\nCapabilityBoundingSet=\nPrivateUsers=yes',
    );
    service.machine.run('systemctl daemon-reload && systemctl stop sluice && systemctl start sluice.socket sluice');
    assert.equal(service.status('/'), '404');
    assert.match(service.machine.run(`cat /proc/${service.shown('MainPID')}/status`), /^CapBnd:\s+0+$/m);
    assert.ok(service.exposure() <= 1.3);
  });
});
