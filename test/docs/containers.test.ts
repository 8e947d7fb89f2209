/**
 * The compose file and the Kubernetes manifests of docs/containers.md: they are YAML, agree with the image and with each other, and give
 * away no privilege.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { Program, temporaryFolder } from '../kit/index.ts';
import { blocksOf, ROOT } from './page.ts';

const CONTAINERFILE = await readFile(`${ROOT}packaging/container/Containerfile`, 'utf8');
const [compose, manifests] = blocksOf(await readFile(`${ROOT}docs/containers.md`, 'utf8'))
  .filter(({ language }) => language === 'yaml')
  .map(({ text }) => text) as [string, string];
const UID = Number(/^ARG UID=(\d+)$/m.exec(CONTAINERFILE)![1]);
/** Seconds that the rules give open requests: the default of `drain`. */
const DRAIN = 30;

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [
    {
      readonly args: readonly string[];
      readonly env: readonly { readonly name: string; readonly value?: string }[];
      readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
      readonly startupProbe: Probe;
      readonly readinessProbe: Probe;
      readonly livenessProbe: Probe;
      readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
      readonly securityContext: Readonly<Record<string, unknown>>;
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    },
  ];
  readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly selector: { readonly matchLabels: unknown; readonly app?: string };
    readonly template: { readonly metadata: { readonly labels: unknown }; readonly spec: Pod };
    readonly ports: readonly { readonly targetPort: string }[];
  };
}

/** Manifests by kind. */
function readManifests(): ReadonlyMap<string, Manifest> {
  const documents = parseAllDocuments(manifests).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS() as Manifest;
  });
  return new Map(documents.map((document) => [document.kind, document]));
}

test('the compose file locks the container up, and stops it later than the rules do', () => {
  const { services, volumes } = parse(compose) as {
    readonly services: { readonly gateway: Readonly<Record<string, unknown>> };
    readonly volumes: Readonly<Record<string, unknown>>;
  };
  const { gateway } = services;
  assert.equal(gateway.read_only, true);
  assert.deepEqual(gateway.cap_drop, ['ALL']);
  assert.deepEqual(gateway.security_opt, ['no-new-privileges:true']);
  assert.deepEqual(gateway.tmpfs, ['/tmp']);
  assert.ok(Number.parseInt(String(gateway.stop_grace_period), 10) > DRAIN);
  const mounts = gateway.volumes as readonly string[];
  assert.deepEqual(mounts, ['./rules:/etc/sluice:ro', 'state:/var/lib/sluice']);
  assert.deepEqual(Object.keys(volumes), ['state']);
  const [, published] = String((gateway.ports as readonly string[])[0]).split(':');
  assert.match(CONTAINERFILE, new RegExp(`^EXPOSE ${published}$`, 'm'));
});

test('the Deployment runs without privileges, as the user of the image', () => {
  const pod = readManifests().get('Deployment')!.spec.template.spec;
  const { runAsNonRoot, runAsUser, runAsGroup, fsGroup } = pod.securityContext;
  assert.deepEqual([runAsNonRoot, runAsUser, runAsGroup, fsGroup], [true, UID, UID, UID]);
  assert.deepEqual(pod.containers[0].securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
});

test('the Deployment gives open requests their time after the delay', () => {
  const pod = readManifests().get('Deployment')!.spec.template.spec;
  const { seconds } = pod.containers[0].lifecycle.preStop.sleep;
  assert.ok(pod.terminationGracePeriodSeconds > seconds + DRAIN);
});

test('the manifests refer to each other, and the rules to the ports', async () => {
  const found = readManifests();
  const { selector, template } = found.get('Deployment')!.spec;
  assert.deepEqual(template.metadata.labels, selector.matchLabels);
  assert.deepEqual(found.get('Service')!.spec.selector, selector.matchLabels);
  const { containers, volumes } = template.spec;
  const [container] = containers;
  const ports = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]));
  assert.ok(ports.has(found.get('Service')!.spec.ports[0]!.targetPort));
  assert.deepEqual(container.volumeMounts.map(({ name }) => name).sort(), volumes.map(({ name }) => name).sort());
  const rules = found.get('ConfigMap')!;
  assert.equal(volumes.find(({ configMap }) => configMap !== undefined)!.configMap!.name, rules.metadata.name);
  assert.match(rules.data['gateway.sluice']!, new RegExp(`^listener web on :${ports.get('web')} `, 'm'));
  assert.match(rules.data['gateway.sluice']!, new RegExp(`^ +admin on 0\\.0\\.0\\.0:${ports.get('admin')} `, 'm'));
  for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
    assert.equal(httpGet.port, 'admin');
    assert.match(httpGet.path, /^\/-\/(?:ready|live)$/);
  }
});

test('the rules of the ConfigMap run, and answer the probes without the token', async () => {
  const found = readManifests();
  const [container] = found.get('Deployment')!.spec.template.spec.containers;
  const folder = temporaryFolder();
  const file = join(folder, 'gateway.sluice');
  // This machine’s ports may be taken, and it has neither the folder nor the name of the server.
  const rules = found
    .get('ConfigMap')!
    .data['gateway.sluice']!.replace(/0\.0\.0\.0:\d+/, '0.0.0.0:0')
    .replace(/on :\d+/, 'on 127.0.0.1:0')
    .replace('/var/lib/sluice', folder)
    .replace('app:80', '127.0.0.1:9');
  writeFileSync(file, rules);
  const token = 'a-token-of-enough-characters';
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value ?? token]));
  const program = new Program(
    process.execPath,
    [`${ROOT}cli/bin/sluice.js`, ...container.args.with(-1, file), '--threads', '1'],
    { env },
  );
  const [, port] = await program.printed(/admin API (?:is on )?0\.0\.0\.0:(\d+)/);
  await program.printed(/"msg":"ready after/);
  for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
    assert.equal((await fetch(`http://127.0.0.1:${port}${httpGet.path}`)).status, 200);
  }
  assert.equal((await fetch(`http://127.0.0.1:${port}/v1/status`)).status, 401);
  await program.stop(20_000);
});
