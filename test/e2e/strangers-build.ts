/** A Dockerfile of anybody's, built by the product's own project in an environment's repositories. */
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { ECRClient } from '@aws-sdk/client-ecr';
import { S3Client } from '@aws-sdk/client-s3';
import { CodeBuilder } from '#adapters/aws/builder.ts';
import type { EnvironmentKey } from '#core/names.ts';
import { registryHost } from '#local/setup/cloud-file.ts';
import { buildOptions } from '../contracts/build-options.ts';
import { access } from './cloud.ts';
import { makeRepositories } from './plays.ts';

export const builder = new CodeBuilder(
  { ...(await buildOptions(access)), registry: registryHost },
  {
    builds: new CodeBuildClient(access.sdk),
    registry: new ECRClient(access.sdk),
    files: new S3Client({ ...access.sdk, forcePathStyle: true }),
  },
);

/**
 * Its first build. Nothing that was built before is taken for it: a cached layer does nothing.
 * @param files beside the Dockerfile.
 * @returns the build's id.
 */
export async function build(
  key: EnvironmentKey,
  instructions: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const base = await builder.resolveBase({ repository: 'base/debian', tag: 'bookworm' });
  await makeRepositories(key);
  const Dockerfile = [`FROM ${base}`, `ENV BUILD=${key.name}`, ...instructions, ''].join('\n');
  return builder.start({ key, number: 1, context: { ...files, Dockerfile } });
}
