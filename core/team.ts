/** Who owns environments, and who may do what with them. */
import { Databases } from './jobs/databases.ts';
import { DatasetPrefix } from './jobs/location.ts';
import { JobWeight } from './jobs/share-settings.ts';
import { KmsKey } from './kms-key.ts';
import { TeamName } from './names.ts';
import { Rate } from './rate.ts';
import { GitAccess } from './source.ts';
import { Quota } from './usage.ts';
import * as z from './zod.ts';

/** Of the identity provider, as its tokens name it. */
export const Group = z.string().check(z.minLength(1), z.maxLength(128));

export const Team = z.strictObject({
  name: TeamName,
  members: Group,
  approvers: Group,
  /** May all in this team that members and approvers may; without it nobody is. */
  admins: z.optional(Group),
  /** Four eyes unless the team says otherwise. */
  requesterMayApprove: z._default(z.boolean(), false),
  /** What all its environments may ask for together, in all clusters. */
  quota: z.prefault(Quota, {}),
  /**
   * How wide a range of addresses its environments may be open to, in bits: at 0 to everybody, at 16 to no more than 65,536
   * addresses each.
   */
  widestSourceRange: z._default(z.int().check(z.minimum(0), z.maximum(32)), 0),
  /** Where its data jobs may read, beside its own place in the bucket of jobs. */
  datasets: z._default(z.array(DatasetPrefix).check(z.maxLength(50)), []),
  /** That encrypt what lies in `datasets`, where they are not S3's own; a key of another account must let the workers' role in too. */
  datasetKeys: z._default(z.array(KmsKey).check(z.maxLength(10)), []),
  /** Beside other teams, where a cluster has too few workers for all. */
  jobWeight: JobWeight,
  /** What its data jobs may read from and write to. */
  databases: Databases,
  /** Private repositories that it builds from, where the catalog lets them in. */
  git: z._default(z.array(GitAccess).check(z.maxLength(20)), []),
  /** How often its people may ask the API, all together. */
  rate: z.optional(Rate),
});
export type Team = z.infer<typeof Team>;
