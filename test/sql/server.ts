/** A PostgreSQL of its own for the tests of this folder: Debian's, in a folder that goes with it, on a socket in that. */
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import type { PostgresPlace } from '#adapters/sql/connection.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly postgres: PostgresPlace;
  }
}

/** PostgreSQL never runs as root. */
const owner = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const packages = '/usr/lib/postgresql';

/** @returns what stops it. */
export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const environment = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: folder };
  const made = spawnSync(program('initdb'), ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync'], {
    ...owner,
    cwd: folder,
    env: environment,
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error ?? ''}`);
  const settings = { fsync: 'off', listen_addresses: '', unix_socket_directories: folder };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(program('postgres'), ['-D', data, ...options], {
    ...owner,
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  server.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const place = { host: folder, user: 'postgres', database: 'postgres' };
  while (!(await answers(place))) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended: ${said.join('').slice(-2000)}`);
    await sleep(50);
  }
  project.provide('postgres', place);
  return async () => {
    // Fast: open connections are ended.
    server.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true });
  };
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

async function answers(place: PostgresPlace): Promise<boolean> {
  const client = new Client(place);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
