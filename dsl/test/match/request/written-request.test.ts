import assert from 'node:assert/strict';
import test from 'node:test';
import { parseWrittenRequest, WrittenRequestError } from '../../../src/match/request/written-request.ts';
import { DEFAULT_PATHS } from '../../../src/plan/path-policy.ts';

test('a written request gives the values of a live one', () => {
  const request = parseWrittenRequest('GET https://WWW.Example.com/a/../%61dmin?x=1&y from 198.51.100.7', [
    'X-Team:  blue ',
    ['x-team', 'red'],
    'Cookie: sid=1',
  ]);
  const { method, scheme, host, port, path, query } = request;
  assert.deepEqual(
    { method, scheme, host, port, path, query, ip: request.ip.text },
    {
      method: 'GET',
      scheme: 'https',
      host: 'www.example.com',
      port: 443,
      path: '/admin',
      query: 'x=1&y',
      ip: '198.51.100.7',
    },
  );
  assert.deepEqual(request.header('x-team'), ['blue', 'red']);
  assert.equal(request.header('cookie'), 'sid=1');
  assert.equal(request.header('host'), 'www.example.com');
  assert.equal(request.header('__proto__'), undefined);
});

test('ports, IPv6 hosts, paths alone and OPTIONS *', () => {
  assert.equal(parseWrittenRequest('GET http://a.example').port, 80);
  assert.equal(parseWrittenRequest('GET http://a.example').path, '/');
  assert.equal(parseWrittenRequest('GET http://a.example?x').query, 'x');
  const v6 = parseWrittenRequest('GET http://[2001:DB8::1]:8080/ from ::1');
  assert.deepEqual(
    [v6.host, v6.port, v6.ip.text, v6.header('host')],
    ['2001:db8::1', 8080, '::1', '[2001:db8::1]:8080'],
  );
  const alone = parseWrittenRequest('POST /login', ['Host: a.example:81']);
  assert.deepEqual([alone.host, alone.port, alone.scheme, alone.ip.text], ['a.example', 81, 'http', '127.0.0.1']);
  assert.equal(parseWrittenRequest('OPTIONS *', ['Host: a.example']).path, '*');
  assert.equal(
    parseWrittenRequest('GET http://a/x%2fy', [], { ...DEFAULT_PATHS, encodedSlashes: 'keep' }).path,
    '/x%2Fy',
  );
});

test('the hello contains the host of an https URL, unless another name is given', () => {
  const sniOf = (text: string): string => parseWrittenRequest(text).sni;
  assert.equal(sniOf('GET https://WWW.a.example:8443/'), 'www.a.example');
  assert.equal(sniOf('GET https://a.example./'), 'a.example');
  assert.equal(sniOf('GET http://a.example/'), '');
  assert.equal(sniOf('GET https://192.0.2.1/'), '');
  assert.equal(sniOf('GET https://[::1]/'), '');
  assert.equal(sniOf('GET https://a.example/ sni B.example'), 'b.example');
  assert.equal(sniOf('GET https://a.example/ sni absent from ::1'), '');
  const { alpn, ip } = parseWrittenRequest('GET https://a.example/ from ::1 alpn h2, http/1.1,x');
  assert.deepEqual([alpn, ip.text], [['h2', 'http/1.1', 'x'], '::1']);
});

test('a connection is written with its destination, its hello and its source', () => {
  const { isConnection, port, sni, alpn, ip, method, host, path } = parseWrittenRequest(
    'tcp to :443 sni Shop.example alpn h2 http/1.1 from 198.51.100.7',
  );
  assert.deepEqual(
    { isConnection, port, sni, alpn, ip: ip.text, method, host, path },
    {
      isConnection: true,
      port: 443,
      sni: 'shop.example',
      alpn: ['h2', 'http/1.1'],
      ip: '198.51.100.7',
      method: '',
      host: '',
      path: '',
    },
  );
  const bare = parseWrittenRequest('tcp');
  assert.deepEqual([bare.port, bare.sni, bare.alpn, bare.ip.text], [0, '', [], '127.0.0.1']);
  const seen = bare.seen({ port: 5432 });
  assert.deepEqual([seen.port, seen.ip.text, seen.isConnection], [5432, '127.0.0.1', true]);
});

test('an error is one line', () => {
  const cases: [text: string, headers: string[], message: RegExp][] = [
    ['', [], /`` is not a request, such as/],
    ['GET', [], /not a request/],
    ['GET http://a/ to 1.2.3.4', [], /`to` is not understood: known here are `from`, `sni`, `alpn`/],
    ['GET http://a/ from 1.2.3.4 from 1.2.3.4', [], /`from` is said twice/],
    ['GET http://a/ from', [], /`from` takes one value/],
    ['GET http://a/ sni b', [], /`sni` is what TLS says: write https:\/\//],
    ['GET http://a/ alpn h2', [], /`alpn` is what TLS says/],
    ['GET https://a/ sni b..c', [], /`b\.\.c` is no name of a server/],
    ['tcp 1.2.3.4', [], /`1\.2\.3\.4` is not understood: a connection is written as `tcp to :443/],
    ['tcp to 443', [], /`443` is not a port, such as :443/],
    ['tcp to :0', [], /`:0` is not a port/],
    ['tcp to :65536', [], /is not a port/],
    ['tcp alpn', [], /`alpn` takes protocols/],
    ['tcp alpn é', [], /`é` is not the name of a protocol, such as h2/],
    [`tcp sni ${'a'.repeat(254)}`, [], /is no name of a server/],
    ['tcp sni a', ['X: y'], /a connection has no headers/],
    ['G@T http://a/', [], /`G@T` is not a method/],
    ['GET ftp://a/', [], /`ftp:\/\/a\/` is not a URL/],
    ['GET http://a/#top', [], /is not a URL/],
    ['GET http://u:p@a/', [], /`u:p@a` is not a host/],
    ['GET http:///x', [], /`` is not a host/],
    ['GET http://[::g]/', [], /is not a host/],
    ['GET http://a:70000/', [], /port `70000` is above 65535/],
    ['GET http://a/ from 300.1.1.1', [], /`300\.1\.1\.1` is not an IP address/],
    ['GET http://a/%2Fx', [], /path `\/%2Fx` is ambiguous or not allowed: live traffic gets 400/],
    ['GET http://a/é', [], /is ambiguous or not allowed/],
    ['GET http://a/?é', [], /must be percent-encoded/],
    ['GET *', ['Host: a'], /path `\*`/],
    ['GET /x', [], /has no host/],
    ['GET http://a/', ['Host: b'], /Host `b` disagrees with `a`/],
    ['GET http://a/', ['Host: a', 'Host: a'], /disagrees/],
    ['GET http://a/', ['X-Team'], /`X-Team` is not a header, such as/],
    ['GET http://a/', ['X Team: a'], /`X Team` is not a header name/],
    ['GET http://a/', ['X-Team: a\r\nX: b'], /control characters/],
  ];
  for (const [text, headers, message] of cases) {
    assert.throws(
      () => parseWrittenRequest(text, headers),
      (error) => error instanceof WrittenRequestError && message.test(error.message) && !error.message.includes('\n'),
      text,
    );
  }
});
