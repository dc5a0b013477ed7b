/** A key of KMS that something of a team's is encrypted with, where it is not the service's own. */
import * as z from './zod.ts';

/** Source: KMS developer guide, "Key identifiers": multi-Region keys have another id. An alias is refused, for a policy can't name one. */
export const KmsKey = z
  .string()
  .check(
    z.regex(
      /^arn:aws(?:-cn|-us-gov)?:kms:[a-z0-9-]+:\d{12}:key\/(?:mrk-[0-9a-f]{32}|[0-9a-f-]{36})$/,
      'the ARN of a key of KMS, no alias',
    ),
  );
