/** A MariaDB of its own, Debian's, in a folder that goes with it: on a socket in that, and on an address, with TLS for who wants it. */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MysqlConnection, type MysqlPlace } from '#adapters/sql/mysql-connection.ts';

export interface MariadbServer {
  /** Its root, without a password. */
  readonly place: MysqlPlace;
  /** Its certificate, of `localhost`. */
  readonly ca: string;
  /** As Secrets Manager would have it: who has it may all in the database `jobs`. There is no name for the address, so no TLS. */
  readonly secret: Readonly<Record<string, string | number>>;
  stop(): Promise<void>;
}

const program = '/usr/sbin/mariadbd';
const shared = '/usr/share/mysql';
/** Beside what the server can do this is what a client package's script does. */
const first = ['CREATE DATABASE mysql;', 'USE mysql;', 'SET @auth_root_socket = NULL;'];
const scripts = ['mysql_system_tables.sql', 'mysql_system_tables_data.sql'];
const owner = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const usual = { 'innodb-buffer-pool-size': '128M', 'innodb-log-file-size': '64M' };

export async function startMariadb(
  listen: { readonly host: string; readonly port: number },
  more: Readonly<Record<string, string>> = {},
): Promise<MariadbServer> {
  if (!existsSync(program))
    throw new Error('MariaDB is missing: install the Debian package mariadb-server-core');
  const folder = mkdtempSync(join(tmpdir(), 'mariadb-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  for (const each of [folder, data]) if (owner.uid !== undefined) chownSync(each, owner.uid, owner.gid);
  const place = { host: join(folder, 'socket'), user: 'root' };
  const ca = certificate(folder);
  const settings = {
    datadir: data,
    socket: place.host,
    'pid-file': join(folder, 'pid'),
    'bind-address': listen.host,
    port: String(listen.port),
    'ssl-cert': join(folder, 'cert.pem'),
    'ssl-key': join(folder, 'key.pem'),
    'innodb-flush-log-at-trx-commit': '0',
    ...usual,
    ...more,
  };
  const options = ['--no-defaults', ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)];
  makeTables(options);
  const server = spawn(program, options, { ...owner, stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  server.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  };
  while (!(await answers(place))) {
    if (server.exitCode !== null) throw new Error(`MariaDB ended: ${said.join('').slice(-2000)}`);
    await sleep(50);
  }
  const password = randomBytes(12).toString('hex');
  await askMariadb(place, 'CREATE DATABASE jobs');
  await askMariadb(place, `CREATE USER jobs@'%' IDENTIFIED BY '${password}'`);
  await askMariadb(place, "GRANT ALL ON jobs.* TO jobs@'%'");
  const secret = {
    engine: 'mariadb',
    ...listen,
    dbname: 'jobs',
    username: 'jobs',
    password,
    tls: 'off',
  };
  return { place, ca, secret, stop };
}

function makeTables(options: readonly string[]): void {
  const made = spawnSync(program, [...options, '--bootstrap'], {
    ...owner,
    encoding: 'utf8',
    input: [...first, ...scripts.map((name) => readFileSync(join(shared, name), 'utf8'))].join('\n'),
  });
  if (made.status !== 0)
    throw new Error(`MariaDB's own tables: ${made.stderr.slice(-2000)}${made.error ?? ''}`);
}

function certificate(folder: string): string {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const made = spawnSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...name, '-keyout', key, '-out', cert],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`no certificate: ${made.stderr}${made.error ?? ''}`);
  if (owner.uid !== undefined) chownSync(key, owner.uid, owner.gid);
  return readFileSync(cert, 'utf8');
}

/** @returns rows, each cell in words. */
export async function askMariadb(place: MysqlPlace, sql: string): Promise<(string | null)[][]> {
  await using connection = await MysqlConnection.open(place, new AbortController().signal);
  const { rows } = await connection.query(sql);
  return rows.map((row) => row.map((cell) => (cell === null ? null : String(cell))));
}

const answers = (place: MysqlPlace): Promise<boolean> =>
  askMariadb(place, 'SELECT 1').then(
    () => true,
    () => false,
  );
