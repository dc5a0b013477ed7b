/** The Debian packages that the local cloud needs; only what is missing is installed, and nothing is removed. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from '#local/setup/run.ts';

interface Need {
  readonly name: string;
  /** A program in PATH or a file: where it is there already, by whatever package, nothing is installed. */
  readonly gives: string;
  readonly why: string;
}

const NEEDS: readonly Need[] = [
  {
    name: 'ca-certificates',
    gives: '/etc/ssl/certs/ca-certificates.crt',
    why: 'HTTPS to package registries',
  },
  { name: 'iproute2', gives: 'ip', why: 'network' },
  { name: 'procps', gives: 'sysctl', why: 'network settings of the node' },
  { name: 'iptables', gives: 'iptables', why: "Services, in the node's own namespace" },
  { name: 'ipset', gives: 'ipset', why: 'network policies' },
  { name: 'conntrack', gives: 'conntrack', why: 'kube-proxy' },
  { name: 'containerd', gives: 'containerd', why: 'containers' },
  { name: 'runc', gives: 'runc', why: 'containers' },
  { name: 'containernetworking-plugins', gives: '/usr/lib/cni/bridge', why: 'pod network' },
  { name: 'buildah', gives: 'buildah', why: 'image builds' },
  { name: 'mmdebstrap', gives: 'mmdebstrap', why: 'base image' },
  {
    name: 'debian-archive-keyring',
    gives: '/usr/share/keyrings/debian-archive-keyring.gpg',
    why: 'base image, on Ubuntu too',
  },
  { name: 'busybox-static', gives: 'busybox', why: 'small test image' },
  { name: 'dnsutils', gives: 'dig', why: 'asks the DNS zone' },
  { name: 'openssl', gives: 'openssl', why: 'certificates of the tests' },
  { name: 'openssh-client', gives: 'ssh', why: 'logs in to environments' },
  { name: 'postgresql', gives: '/usr/bin/pg_createcluster', why: 'tests of jobs that read tables' },
  { name: 'mariadb-server-core', gives: '/usr/sbin/mariadbd', why: 'the same, of another kind' },
  { name: 'rsync', gives: 'rsync', why: 'the same, for whole folders' },
];

/** The names that apt would be asked for; python3-venv where Debian's Python came without it. */
export function missingPackages(options: { venv: boolean; has?: (gives: string) => boolean }): string[] {
  const has = options.has ?? isThere;
  const missing = NEEDS.filter(({ gives }) => !has(gives)).map(({ name }) => name);
  return options.venv ? missing : [...missing, 'python3-venv'];
}

export async function installPackages(names: readonly string[], log: string): Promise<void> {
  if (names.length === 0) return;
  const apt = (...args: string[]): Promise<void> =>
    run('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
      log,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      // dpkg must not be interrupted half-way, whatever becomes of this command.
      ownSession: true,
    });
  const install = (): Promise<void> =>
    apt('install', '--yes', '--no-install-recommends', '--no-remove', ...names);
  try {
    await install();
  } catch {
    // The usual reason: package lists that are missing or old. Any other shows itself again below.
    await apt('update');
    await install();
  }
}

function isThere(gives: string): boolean {
  if (gives.startsWith('/')) return existsSync(gives);
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return [...folders, '/usr/sbin', '/sbin'].some(
    (folder) => folder !== '' && existsSync(join(folder, gives)),
  );
}
