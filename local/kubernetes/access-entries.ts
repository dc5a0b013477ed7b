/** The cluster's access entries, as EKS keeps them: who of IAM is what in Kubernetes. */
import {
  DescribeAccessEntryCommand,
  type EKSClient,
  paginateListAccessEntries,
  paginateListAssociatedAccessPolicies,
} from '@aws-sdk/client-eks';
import * as z from '#core/zod.ts';

export interface AccessEntry {
  /** May hold `{{SessionName}}`; empty where EKS chooses. */
  readonly username: string;
  readonly groups: readonly string[];
  readonly policies: readonly { readonly arn: string; readonly scope: string }[];
}

/** Finds the entry of the first principal that the test holds for. */
export type FindAccessEntry = (isPrincipal: (arn: string) => boolean) => Promise<AccessEntry | undefined>;

const entrySchema = z.object({
  accessEntry: z.object({
    username: z._default(z.string(), ''),
    kubernetesGroups: z._default(z.array(z.string()), []),
  }),
});
const policySchema = z.object({ policyArn: z.string(), accessScope: z.object({ type: z.string() }) });

export function eksAccessEntries(client: EKSClient, clusterName: string): FindAccessEntry {
  return async (isPrincipal) => {
    const principalArn = await findPrincipal(client, clusterName, isPrincipal);
    if (principalArn === undefined) return undefined;
    const input = { clusterName, principalArn };
    const { accessEntry } = entrySchema.parse(await client.send(new DescribeAccessEntryCommand(input)));
    const policies: { arn: string; scope: string }[] = [];
    for await (const page of paginateListAssociatedAccessPolicies({ client }, input))
      for (const { policyArn, accessScope } of z
        .array(policySchema)
        .parse(page.associatedAccessPolicies ?? []))
        policies.push({ arn: policyArn, scope: accessScope.type });
    return { username: accessEntry.username, groups: accessEntry.kubernetesGroups, policies };
  };
}

async function findPrincipal(
  client: EKSClient,
  clusterName: string,
  isPrincipal: (arn: string) => boolean,
): Promise<string | undefined> {
  for await (const page of paginateListAccessEntries({ client }, { clusterName })) {
    const found = page.accessEntries?.find(isPrincipal);
    if (found !== undefined) return found;
  }
  return undefined;
}
