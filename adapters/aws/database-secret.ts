/**
 * Where a database is and who we are there, from Secrets Manager: a secret as RDS itself writes it ("JSON structure of AWS
 * Secrets Manager database credential secrets"), and with it, where Node.js does not know it, the CA of the server.
 */
import {
  DecryptionFailure,
  GetSecretValueCommand,
  InvalidRequestException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { PostgresPlace } from '#adapters/sql/connection.ts';
import type { MysqlPlace } from '#adapters/sql/mysql-connection.ts';
import { parse, Rejected } from '#core/errors.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import * as z from '#core/zod.ts';
import { retryable } from './errors.ts';

const text = z.string().check(z.minLength(1));
/** As RDS writes them. */
const engines = {
  postgres: 'postgres',
  'aurora-postgresql': 'postgres',
  mysql: 'mysql',
  'aurora-mysql': 'mysql',
  mariadb: 'mysql',
} as const;
const ports = { postgres: 5432, mysql: 3306 } as const;

const DatabaseSecret = z.object({
  engine: z.enum(['postgres', 'aurora-postgresql', 'mysql', 'aurora-mysql', 'mariadb']),
  host: text,
  port: z.optional(z.coerce.number().check(z.int(), z.positive())),
  dbname: text,
  username: text,
  password: z.string(),
  /** PEM. */
  ca: z.optional(text),
  /** Said by whoever made the secret, for a server without TLS on a network of its own; a job can't say it. */
  tls: z._default(z.enum(['verify', 'off']), 'verify'),
});

export type DatabasePlace =
  | { readonly engine: 'postgres'; readonly place: PostgresPlace }
  | { readonly engine: 'mysql'; readonly place: MysqlPlace };

/** @throws InputFailed where it is not there, may not be read, or is no such secret: never with a part of it. */
export async function databasePlace(
  secret: string,
  client: SecretsManagerClient = new SecretsManagerClient({}),
): Promise<DatabasePlace> {
  const command = new GetSecretValueCommand({ SecretId: secret });
  try {
    const { SecretString = '' } = await retryable('GetSecretValue', () => client.send(command));
    const known = parse(DatabaseSecret, jsonOf(SecretString), `secret ${secret}`);
    const { host, dbname, username, password, ca, tls } = known;
    const engine = engines[known.engine];
    const port = known.port ?? ports[engine];
    const ssl = tls === 'verify' && (ca === undefined ? true : { ca });
    return { engine, place: { host, port, database: dbname, user: username, password, ssl } };
  } catch (error) {
    if (error instanceof Rejected) throw new InputFailed(error.message);
    if (!isFinal(error)) throw error;
    throw new InputFailed(`secret ${secret} can not be read: ${error.name}`, { cause: error });
  }
}

/** Node.js's own message would show a piece of it. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isFinal = (error: unknown): error is Error =>
  error instanceof ResourceNotFoundException ||
  error instanceof DecryptionFailure ||
  error instanceof InvalidRequestException ||
  (error instanceof Error && error.name === 'AccessDeniedException');
