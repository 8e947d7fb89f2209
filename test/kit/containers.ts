/**
 * Containers: buildah and podman with a storage of their own, without the privileges, networks and control groups that a daemon has. Test code.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled, temporaryFolder } from './program.ts';

/** Lower than what podman asks for, which not every machine allows. */
const LIMITS = ['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=4096:4096'];
const STEP_MS = 300_000;

export class Containers {
  readonly #env: Readonly<Record<string, string>>;
  #runtime: readonly string[] = [];

  constructor() {
    const folder = temporaryFolder();
    const configuration = join(folder, 'storage.conf');
    // Needs neither overlay mounts nor user namespaces.
    writeFileSync(
      configuration,
      `[storage]\ndriver = "vfs"\nrunroot = "${join(folder, 'run')}"\ngraphroot = "${join(folder, 'graph')}"\n`,
    );
    mkdirSync(join(folder, 'graph'));
    this.#env = { CONTAINERS_STORAGE_CONF: configuration };
  }

  /** import makes an image of a folder. */
  import(folder: string, name: string): void {
    this.#step('sh', ['-c', 'tar -C "$1" -c . | podman import --quiet - "$2"', 'sh', folder, name]);
  }

  build(containerfile: string, folder: string, name: string, ...more: readonly string[]): void {
    const how = ['bud', '--isolation', 'chroot', '--format', 'docker', '--pull-never'];
    this.#step('buildah', [...how, '--file', containerfile, '--tag', name, ...more, folder]);
  }

  /** reasonNotToRun is why no container of the image runs here; null: it does. */
  reasonNotToRun(image: string): string | null {
    const problems: string[] = [];
    for (const runtime of ['crun', 'runc'].filter(isInstalled)) {
      this.#runtime = ['--runtime', runtime];
      const { status, stderr } = this.try('run', '--rm', '--network', 'none', ...LIMITS, image, 'true');
      if (status === 0) return null;
      problems.push(stderr.trim());
    }
    return `podman cannot run containers here: ${problems.join('; ') || 'neither crun nor runc is installed'}`;
  }

  /** start runs a container in the background, without a network but its own loopback, and returns its name. */
  start(name: string, image: string, options: readonly string[], ...args: readonly string[]): string {
    this.podman('run', '--detach', '--name', name, '--network', 'none', ...LIMITS, ...options, image, ...args);
    return name;
  }

  /** podman returns the output of a podman command that succeeds. */
  podman(...args: readonly string[]): string {
    return this.#step('podman', ['--log-level', 'fatal', ...this.#runtime, ...args]);
  }

  try(...args: readonly string[]) {
    return spawnSync('podman', ['--log-level', 'fatal', ...this.#runtime, ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...this.#env },
      timeout: STEP_MS,
    });
  }

  /** fetch is what curl prints in the network of a container. */
  fetch(container: string, ...args: readonly string[]): string {
    const pid = this.podman('inspect', '--format', '{{.State.Pid}}', container);
    return this.#step('nsenter', ['--target', pid, '--net', 'curl', '--silent', '--max-time', '30', ...args]);
  }

  /** close ends all containers, and unmounts what they had. */
  close(): void {
    this.try('rm', '--all', '--force', '--volumes', '--time', '0');
  }

  #step(command: string, args: readonly string[]): string {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      encoding: 'utf8',
      env: { ...process.env, ...this.#env },
      timeout: STEP_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `${stdout}${stderr}`}`);
    return stdout.trim();
  }
}
