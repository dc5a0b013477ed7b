/** A MariaDB of its own for the tests of this folder. */
import type { TestProject } from 'vitest/node';
import type { MysqlPlace } from '#adapters/sql/mysql-connection.ts';
import { freePort } from '../free-port.ts';
import { startMariadb } from './mariadb-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly mariadb: MysqlPlace;
    /** By TLS, with a certificate of `localhost`. */
    readonly mariadbTls: MysqlPlace & { readonly ssl: { readonly ca: string } };
  }
}

/** @returns what stops it. */
export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const port = await freePort();
  const { place, ca, stop } = await startMariadb({ host: '127.0.0.1', port });
  project.provide('mariadb', place);
  project.provide('mariadbTls', { host: 'localhost', port, user: 'tls', ssl: { ca } });
  return stop;
}
