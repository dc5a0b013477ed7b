/** A PostgreSQL of its own, Debian's, in a folder that goes with it: on a socket in that, and where it is asked for on an address too, with TLS and a password. */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { PostgresPlace } from '#adapters/sql/connection.ts';

export interface PostgresServer {
  /** Its superuser, without a password. */
  readonly place: PostgresPlace;
  /** As Secrets Manager would have it; undefined where it listens nowhere. */
  readonly secret: Readonly<Record<string, string | number>> | undefined;
  stop(): Promise<void>;
}

/** PostgreSQL never runs as root. */
const owner = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const packages = '/usr/lib/postgresql';

export async function startPostgres(
  listen?: { readonly host: string; readonly port: number },
  more: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const options = { ...owner, cwd: folder, env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: folder } };
  const done = (command: string, args: readonly string[]) => {
    const ended = spawnSync(command, args, { ...options, encoding: 'utf8' });
    if (ended.status !== 0) throw new Error(`${command} failed: ${ended.stderr}${ended.error ?? ''}`);
  };
  const auth = ['--auth-local=trust', '--auth-host=scram-sha-256', '--no-sync'];
  done(program('initdb'), ['-D', data, '-U', 'postgres', ...auth]);
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  if (listen) {
    appendFileSync(join(data, 'pg_hba.conf'), 'hostssl all jobs all scram-sha-256\n');
    const name = ['-subj', '/CN=postgres', '-addext', `subjectAltName=IP:${listen.host}`];
    const files = ['-keyout', key, '-out', certificate];
    done('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...name, ...files]);
  }
  const settings = {
    fsync: 'off',
    unix_socket_directories: folder,
    listen_addresses: listen?.host ?? '',
    ...(listen && { port: String(listen.port), ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key }),
    ...more,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(program('postgres'), ['-D', data, ...args], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  server.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const stop = async () => {
    // Fast: open connections are ended.
    server.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true });
  };
  const place = { host: folder, port: listen?.port ?? 5432, user: 'postgres', database: 'postgres' };
  while (!(await answers(place))) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended: ${said.join('').slice(-2000)}`);
    await sleep(50);
  }
  if (listen === undefined) return { place, secret: undefined, stop };
  const password = randomBytes(12).toString('hex');
  await asked(place, `CREATE ROLE jobs LOGIN PASSWORD '${password}'`);
  const ca = readFileSync(certificate, 'utf8');
  const secret = { engine: 'postgres', ...listen, dbname: 'postgres', username: 'jobs', password, ca };
  return { place, secret, stop };
}

function program(name: string): string {
  const versions = existsSync(packages) ? readdirSync(packages) : [];
  const found = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(packages, version, 'bin', name))
    .find(existsSync);
  if (found === undefined) throw new Error('PostgreSQL is missing: install the Debian package postgresql');
  return found;
}

async function asked(place: PostgresPlace, sql: string): Promise<void> {
  const client = new Client(place);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

const answers = (place: PostgresPlace): Promise<boolean> =>
  asked(place, 'SELECT 1').then(
    () => true,
    () => false,
  );
