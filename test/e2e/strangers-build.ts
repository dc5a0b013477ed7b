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

/** @param variables that its builds have beside, or in the place of, the project's own. */
export async function builderWith(variables: Readonly<Record<string, string>> = {}): Promise<CodeBuilder> {
  const builds = new CodeBuildClient(access.sdk);
  const more = Object.entries(variables).map(([name, value]) => ({ name, value }));
  builds.middlewareStack.add(
    (next) => (sent) => {
      const { input } = sent;
      if (!('environmentVariablesOverride' in input)) return next(sent);
      const environmentVariablesOverride = [...(input.environmentVariablesOverride ?? []), ...more];
      return next({ ...sent, input: { ...input, environmentVariablesOverride } });
    },
    { step: 'initialize' },
  );
  return builderBy(builds);
}

export async function builderBy(builds: CodeBuildClient): Promise<CodeBuilder> {
  return new CodeBuilder(
    { ...(await buildOptions(access)), registry: registryHost },
    {
      builds,
      registry: new ECRClient(access.sdk),
      files: new S3Client({ ...access.sdk, forcePathStyle: true }),
    },
  );
}

export const builder = await builderWith();

/**
 * Its first build. Nothing that was built before is taken for it: a cached layer does nothing.
 * @param files beside the Dockerfile.
 * @param by who starts it.
 * @param lock where what it resolved is kept.
 * @returns the build's id.
 */
export async function build(
  key: EnvironmentKey,
  instructions: readonly string[],
  files: Readonly<Record<string, string>> = {},
  by: CodeBuilder = builder,
  lock?: string,
): Promise<string> {
  await makeRepositories(key);
  return by.start({
    key,
    number: 1,
    context: { ...files, ...(await contextOf(key.name, instructions)) },
    lock,
  });
}

/** @param name of what is built: layers that were made under another are not taken for it. */
export async function contextOf(
  name: string,
  instructions: readonly string[],
): Promise<{ Dockerfile: string }> {
  const base = await builder.resolveBase({ repository: 'base/debian', tag: 'bookworm' });
  return { Dockerfile: [`FROM ${base}`, `ENV BUILD=${name}`, ...instructions, ''].join('\n') };
}
