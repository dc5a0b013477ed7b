/** Where a database is: of a secret as RDS writes it, and nothing of one that is another thing. */
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, inject, test } from 'vitest';
import { databasePlace } from '#adapters/aws/database-secret.ts';
import { InputFailed } from '#core/jobs/ports.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
const client = new SecretsManagerClient({ endpoint: inject('moto'), region: 'us-east-1', credentials });

const rds = {
  engine: 'postgres',
  host: 'db.example',
  port: 5433,
  dbname: 'shop',
  username: 'reader',
  password: 'p4ss',
};
let number = 0;
async function placeOf(SecretString: string) {
  number += 1;
  const Name = `database-${number}`;
  await client.send(new CreateSecretCommand({ Name, SecretString }));
  return databasePlace(Name, client);
}

test('a secret of RDS is a place, with TLS verified', async () => {
  const { engine, dbname, username, ...rest } = rds;
  const place = { ...rest, database: dbname, user: username, ssl: true };
  expect(await placeOf(JSON.stringify(rds))).toEqual({ engine, place });
  expect(await placeOf(JSON.stringify({ ...rds, port: '5433', masterarn: 'arn' }))).toEqual({
    engine,
    place,
  });
  const withCa = await placeOf(JSON.stringify({ ...rds, ca: 'PEM' }));
  expect(withCa.place).toEqual({ ...place, ssl: { ca: 'PEM' } });
  expect((await placeOf(JSON.stringify({ ...rds, tls: 'off' }))).place).toEqual({ ...place, ssl: false });
});

test.each([
  ['aurora-postgresql', 'postgres', 5432],
  ['mysql', 'mysql', 3306],
  ['aurora-mysql', 'mysql', 3306],
  ['mariadb', 'mysql', 3306],
])('%s is read by the client of %s, at port %d where it says none', async (engine, known, port) => {
  const found = await placeOf(JSON.stringify({ ...rds, engine, port: undefined }));
  expect([found.engine, found.place.port]).toEqual([known, port]);
});

test.each([
  ['another engine', JSON.stringify({ ...rds, engine: 'oracle' }), /engine/],
  ['no host', JSON.stringify({ ...rds, host: undefined }), /host/],
  ['no JSON', 'password=p4ss', /is not valid/],
])('%s: says what is wrong, and nothing of what is in it', async (_, text, why) => {
  const failure: unknown = await placeOf(text).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InputFailed);
  expect(String(failure)).toMatch(why);
  expect(String(failure)).not.toContain('p4ss');
});

test('one that is not there', async () => {
  await expect(databasePlace('nothing', client)).rejects.toThrow(/nothing can not be read: ResourceNotFound/);
});
