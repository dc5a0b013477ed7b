/** Our part of the account's ECR registry, by the prefixes that decide what a repository is for. */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { TeamName } from '#core/names.ts';
import { acknowledge } from './acknowledge.ts';
import type { BundledFunction } from './bundled-function.ts';

export type Prefix = 'base' | 'image' | 'candidate' | 'release' | 'cache';

export const pullActions = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'ecr:GetDownloadUrlForLayer',
];
export const pushActions = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:CompleteLayerUpload',
  'ecr:InitiateLayerUpload',
  'ecr:PutImage',
  'ecr:UploadLayerPart',
];

export const registryHost = (scope: Construct): string => {
  const { account, region, urlSuffix } = Stack.of(scope);
  return `${account}.dkr.ecr.${region}.${urlSuffix}`;
};

/**
 * What is reached of it: its own address, and the bucket to which it leads who pulls a layer (Amazon ECR user guide, "Minimum Amazon S3
 * Bucket Permissions for Amazon ECR").
 */
export function registryHosts(scope: Construct): string[] {
  const { region, urlSuffix } = Stack.of(scope);
  return [registryHost(scope), `prod-${region}-starport-layer-bucket.s3.${region}.${urlSuffix}`];
}

/** @returns the ARN of all repositories below the prefix, or of one team's, acknowledged for `scope`. */
export function repositoriesBelow(scope: Construct, prefix: Prefix, team?: TeamName): string {
  const below = team === undefined ? prefix : `${prefix}/${team}`;
  const come = team === undefined ? 'teams and environments come and go' : 'environments come and go';
  acknowledge(scope, {
    [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecr:<AWS::Region>:<AWS::AccountId>:repository/${below}/*]`]: `A repository's prefix decides what it is for: ${below}/ is the boundary, ${come} below it.`,
  });
  return Stack.of(scope).formatArn({ service: 'ecr', resource: 'repository', resourceName: `${below}/*` });
}

/** Findings of basic scanning come from ECR alone, those of enhanced scanning from Inspector in the caller's name. */
export function mayReadFindings(reader: BundledFunction, prefixes: readonly Prefix[] = ['candidate']): void {
  const repositories = prefixes.map((prefix) => repositoriesBelow(reader, prefix));
  // An index has no findings: its manifest says which images have.
  reader.allow(['ecr:BatchGetImage', 'ecr:DescribeImages', 'ecr:DescribeImageScanFindings'], repositories);
  reader.allowUnscoped('inspector2:ListCoverage', 'inspector2:ListFindings');
}
