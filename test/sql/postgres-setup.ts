/** A PostgreSQL of its own for the tests of this folder. */
import type { TestProject } from 'vitest/node';
import type { PostgresPlace } from '#adapters/sql/connection.ts';
import { startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly postgres: PostgresPlace;
  }
}

/** @returns what stops it. */
export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const { place, stop } = await startPostgres();
  project.provide('postgres', place);
  return stop;
}
