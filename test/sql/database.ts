/** The tests' own connection, and a schema for each test. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, inject, onTestFinished } from 'vitest';

export const client = new Client(inject('postgres'));
beforeAll(() => client.connect());
afterAll(() => client.end());

/** Its name is one that must be quoted. */
export async function schema(): Promise<string> {
  const name = `s ${randomUUID()}`;
  await client.query(`CREATE SCHEMA "${name}"`);
  onTestFinished(async () => {
    await client.query(`DROP SCHEMA "${name}" CASCADE`);
  });
  return name;
}
