/** Builds by CodeBuild: the context is a folder in S3, what differs between builds are some environment variables. */
import { createHash } from 'node:crypto';
import {
  BatchGetBuildsCommand,
  type Build,
  CodeBuildClient,
  StartBuildCommand,
} from '@aws-sdk/client-codebuild';
import { ECRClient } from '@aws-sdk/client-ecr';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { streamPrefix } from '#core/build-log.ts';
import type { BaseRef, ImageBuilder } from '#core/build-ports.ts';
import { Retryable } from '#core/errors.ts';
import { buildTag, repositoryOf } from '#core/image.ts';
import { environmentId } from '#core/names.ts';
import type { GitSource } from '#core/source.ts';
import { describeBase } from './bases.ts';
import { retryable } from './errors.ts';

interface Options {
  readonly project: string;
  /** What the ARN of a team's role begins with: behind it is the team's name. */
  readonly rolesArn: string;
  readonly bucket: string;
  readonly registry: string;
  readonly logGroup: string;
}

interface Clients {
  readonly builds?: CodeBuildClient;
  readonly registry?: ECRClient;
  readonly files?: S3Client;
}

export class CodeBuilder implements ImageBuilder {
  readonly #options: Options;
  readonly #builds: CodeBuildClient;
  readonly #registry: ECRClient;
  readonly #files: S3Client;

  constructor(
    options: Options,
    {
      builds = new CodeBuildClient({}),
      registry = new ECRClient({}),
      files = new S3Client({}),
    }: Clients = {},
  ) {
    this.#options = options;
    this.#builds = builds;
    this.#registry = registry;
    this.#files = files;
  }

  async resolveBase(base: BaseRef): Promise<string | undefined> {
    const digest = (await describeBase(this.#registry, base))?.imageDigest;
    return digest && `${this.#options.registry}/${base.repository}@${digest}`;
  }

  async start({
    key,
    number,
    context,
    withoutCache,
    git,
    gitSecret,
    lock,
    made,
  }: Parameters<ImageBuilder['start']>[0]): Promise<string> {
    const { bucket, project, rolesArn, logGroup } = this.#options;
    const folder = `builds/${environmentId(key)}/${number}/`;
    await Promise.all(
      Object.entries(context).map(([path, Body]) => {
        const put = new PutObjectCommand({ Bucket: bucket, Key: `${folder}${path}`, Body });
        return retryable('PutObject', () => this.#files.send(put));
      }),
    );
    const command = new StartBuildCommand({
      projectName: project,
      // What it may push to and read is its team's, whatever its variables say.
      serviceRoleOverride: `${rolesArn}${key.team}`,
      sourceTypeOverride: 'S3',
      sourceLocationOverride: `${bucket}/${folder}`,
      // CodeBuild answers with the same build for the same token (for five minutes): a crash after this call is harmless.
      idempotencyToken: createHash('sha256').update(folder).digest('hex'),
      // CodeBuild puts its own id of the build behind it.
      logsConfigOverride: {
        cloudWatchLogs: {
          status: 'ENABLED',
          groupName: logGroup,
          streamName: streamPrefix(key, number).slice(0, -1),
        },
      },
      environmentVariablesOverride: [
        variable('REPOSITORY', repositoryOf('candidate', key)),
        variable('CACHE_REPOSITORY', repositoryOf('cache', key)),
        variable('TAG', buildTag(number)),
        ...(withoutCache ? [variable('NO_CACHE', '--no-cache')] : []),
        ...(git ? gitVariables(git) : []),
        ...(gitSecret ? [variable('GIT_SECRET', gitSecret)] : []),
        ...(lock ? [variable('LOCK', lock)] : []),
        ...(made ? [variable('MADE_OF', JSON.stringify(made))] : []),
      ],
    });
    const { build } = await retryable('StartBuild', () => this.#builds.send(command));
    if (!build?.id) throw new Retryable('CodeBuild started a build and did not name it.');
    return build.id;
  }

  async status(buildId: string): ReturnType<ImageBuilder['status']> {
    const command = new BatchGetBuildsCommand({ ids: [buildId] });
    const answer = await retryable('BatchGetBuilds', () => this.#builds.send(command));
    const build = answer.builds?.[0];
    if (!build) return { ended: true, failure: `CodeBuild no longer knows ${buildId}` };
    if (build.buildStatus === 'IN_PROGRESS') return { ended: false };
    if (build.buildStatus === 'SUCCEEDED') return { ended: true };
    const how = build.buildStatus === 'FAILED' ? 'itself' : 'ended';
    return { ended: true, failure: failureOf(build), how };
  }
}

const variable = (name: string, value: string) => ({ name, value, type: 'PLAINTEXT' as const });

const gitVariables = ({ url, commit, folder, dockerfile }: GitSource) => [
  variable('GIT_URL', url),
  variable('GIT_COMMIT', commit),
  variable('GIT_FOLDER', folder ?? '.'),
  variable('GIT_DOCKERFILE', dockerfile),
];

/** The phase that failed, what it said, and where to read on. */
function failureOf(build: Build): string {
  const failed = build.phases?.find(
    (phase) => phase.phaseStatus !== undefined && phase.phaseStatus !== 'SUCCEEDED',
  );
  const message = messageOf(failed?.contexts?.map((context) => context.message).find((text) => text));
  const where = failed?.phaseType ? ` in ${failed.phaseType}` : '';
  const link = build.logs?.deepLink ? ` Log: ${build.logs.deepLink}` : '';
  const limit = failed && build.buildStatus === 'TIMED_OUT' ? limitOf(build, failed.phaseType) : '';
  return `${build.buildStatus}${where}${message ? `: ${message}` : ''}.${limit}${link}`;
}

/** CodeBuild names the command first, which is ours and long. */
function messageOf(text: string | undefined): string | undefined {
  const reason = text && /^Error while executing command: .*\bReason: (.+)$/s.exec(text)?.[1];
  return reason ? `its command ended with ${reason}` : text;
}

/** What a build that hangs hung upon, and which of the project's limits ended it (lib/stages/build.ts). */
function limitOf({ timeoutInMinutes, queuedTimeoutInMinutes }: Build, phase: string | undefined): string {
  if (phase === 'QUEUED')
    return ` No machine was free within ${queuedTimeoutInMinutes} minutes: ask for it again.`;
  return ` A build may take ${timeoutInMinutes} minutes: \`schwifty env log --steps\` shows the step that it was at.`;
}
