/**
 * Databases that a team's jobs may read and write, as the configuration names them: a job says a name, and holds no address and no
 * password. The secret says where it is and who jobs are there; the network, what the cluster lets their pods reach.
 */
import { Cidr } from '../cidr.ts';
import { KmsKey } from '../kms-key.ts';
import * as z from '../zod.ts';

export const DatabaseName = z
  .string()
  .check(z.regex(/^[a-z](?:-?[a-z0-9]){0,23}$/, 'lower-case letters, digits and single hyphens'));

/** Source: Secrets Manager API reference, CreateSecret `Name`; `!` is in the names of those that RDS manages. */
const SecretName = z.string().check(z.regex(/^[A-Za-z0-9/_+=.@!-]{1,512}$/, 'the name of a secret, no ARN'));

export const Database = z.strictObject({
  name: DatabaseName,
  /** Of Secrets Manager, in the control plane's account and region: adapters/aws/database-secret.ts says what it holds. */
  secret: SecretName,
  /** That encrypts it, where it is not the account's own of Secrets Manager. */
  key: z.optional(KmsKey),
  /** Where the clusters' pods reach it. */
  network: Cidr,
  /** PostgreSQL's; 3306 is said for MySQL and MariaDB. */
  port: z._default(z.int().check(z.minimum(1), z.maximum(65_535)), 5432),
});
export type Database = z.infer<typeof Database>;

export const Databases = z._default(
  z.array(Database).check(
    z.maxLength(20),
    z.refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'each name once'),
  ),
  [],
);
