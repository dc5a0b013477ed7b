/** A MariaDB of its own for the tests of this folder: Debian's, in a folder that goes with it, on a socket in that. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';
import { MysqlConnection, type MysqlPlace } from '#adapters/sql/mysql-connection.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly mariadb: MysqlPlace;
    /** By TLS, with a certificate of `localhost`. */
    readonly mariadbTls: MysqlPlace & { readonly ssl: { readonly ca: string } };
  }
}

const program = '/usr/sbin/mariadbd';
const shared = '/usr/share/mysql';
/** Beside what the server can do this is what a client package's script does. */
const first = ['CREATE DATABASE mysql;', 'USE mysql;', 'SET @auth_root_socket = NULL;'];
const scripts = ['mysql_system_tables.sql', 'mysql_system_tables_data.sql'];

/** @returns what stops it. */
export default async function start(project: TestProject): Promise<() => Promise<void>> {
  if (!existsSync(program))
    throw new Error('MariaDB is missing: install the Debian package mariadb-server-core');
  const owner = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const folder = mkdtempSync(join(tmpdir(), 'mariadb-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  for (const each of [folder, data]) if (owner.uid !== undefined) chownSync(each, owner.uid, owner.gid);
  const place = { host: join(folder, 'socket'), user: 'root' };
  const port = await freePort();
  const ca = certificate(folder, owner);
  const options = [
    '--no-defaults',
    `--datadir=${data}`,
    `--socket=${place.host}`,
    `--pid-file=${join(folder, 'pid')}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    `--ssl-cert=${join(folder, 'cert.pem')}`,
    `--ssl-key=${join(folder, 'key.pem')}`,
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-log-file-size=64M',
    '--innodb-buffer-pool-size=128M',
  ];
  const made = spawnSync(program, [...options, '--bootstrap'], {
    ...owner,
    encoding: 'utf8',
    input: [...first, ...scripts.map((name) => readFileSync(join(shared, name), 'utf8'))].join('\n'),
  });
  if (made.status !== 0)
    throw new Error(`MariaDB's own tables: ${made.stderr.slice(-2000)}${made.error ?? ''}`);
  const server = spawn(program, options, { ...owner, stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  server.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  while (!(await answers(place))) {
    if (server.exitCode !== null) throw new Error(`MariaDB ended: ${said.join('').slice(-2000)}`);
    await sleep(50);
  }
  project.provide('mariadb', place);
  project.provide('mariadbTls', { host: 'localhost', port, user: 'tls', ssl: { ca } });
  return async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function certificate(folder: string, { uid }: { uid?: number }): string {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = spawnSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'].concat(
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      key,
      '-out',
      cert,
    ),
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`no certificate: ${made.stderr}${made.error ?? ''}`);
  if (uid !== undefined) chownSync(key, uid, uid);
  return readFileSync(cert, 'utf8');
}

async function answers(place: MysqlPlace): Promise<boolean> {
  try {
    await using connection = await MysqlConnection.open(place, new AbortController().signal);
    await connection.query('SELECT 1');
    return true;
  } catch {
    return false;
  }
}
