/** A build runs strangers' code: what reads its source and pushes its image is not in sight of it, and is of its team alone. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { CreateRepositoryCommand, DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { expect, test } from 'vitest';
import { CloudWatchBuildLogs } from '#adapters/aws/build-logs.ts';
import { until } from '#local/demo/world.ts';
import { buildOptions } from '../contracts/build-options.ts';
import { keyOf } from '../contracts/samples.ts';
import { access, output } from './cloud.ts';
import { sessionOf } from './session.ts';
import { build, builder, builderWith } from './strangers-build.ts';

const { logGroup, project, rolesArn } = await buildOptions(access);
const logs = new CloudWatchBuildLogs(logGroup, () => new CloudWatchLogsClient(access.sdk));
const run = Date.now().toString(36);

/**
 * Ends with 1 where it finds what looks like a credential: in the environment of any process that it sees, where tools keep
 * theirs, and behind the addresses where machines and containers are given them.
 */
const search = String.raw`#!/bin/bash
found=0
say() { echo "found: $1"; found=1; }
ask() {
  timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/80"; printf "GET /%s HTTP/1.0\r\n\r\n" "$2" >&3; head -c 12 <&3' - \
    "$(echo "$1" | cut -d/ -f1)" "$(echo "$1" | cut -d/ -f2-)"
}
secret='^(AWS_(ACCESS|SECRET|SESSION|CONTAINER)|[A-Z_]*(TOKEN|PASSWORD|SECRET|AUTH))'
for environment in /proc/[0-9]*/environ; do
  if tr '\0' '\n' 2>/dev/null < "$environment" | grep -Eq "$secret"; then say "$environment"; fi
done
for file in ~/.docker/config.json ~/.aws/credentials ~/.netrc /run/secrets/* /run/containers/*/auth.json \
  /var/run/docker.sock /run/buildkit/buildkitd.sock /proc/[0-9]*/root/root/.docker/config.json; do
  if [ -e "$file" ]; then say "$file"; fi
done
for address in 169.254.169.254/latest/meta-data/iam/security-credentials/ 169.254.170.2/ 169.254.170.23/; do
  answer="$(ask "$address" 2>/dev/null)"
  case "$answer" in *' 200'*) say "$address" ;; esac
done
exit $found
`;

/** @returns why it failed; undefined where it found nothing. */
async function searched(name: string, ...planted: readonly string[]): Promise<string | undefined> {
  const key = keyOf('checkout', `${name}-${run}`);
  const id = await build(key, [...planted, 'COPY search.sh /search.sh', 'RUN bash /search.sh'], {
    'search.sh': search,
  });
  return failureOf(id);
}

async function failureOf(id: string): Promise<string | undefined> {
  const ended = await until('the end of the build', 300, async () => {
    const status = await builder.status(id);
    return status.ended ? status : undefined;
  });
  return ended.failure;
}

test('no credential is visible inside RUN', async () => {
  expect(await searched('iso')).toBeUndefined();
});

test.each([
  ['in an environment variable', 'ENV AWS_SECRET_ACCESS_KEY=planted'],
  ['in a file', 'RUN mkdir -p /root/.docker && echo "{}" > /root/.docker/config.json'],
])('the search would find one %s', async (where, instruction) => {
  expect(await searched(where.endsWith('file') ? 'iso-file' : 'iso-env', instruction)).toMatch(/^FAILED/);
});

test.each([
  ['image', 'REPOSITORY', 'candidate'],
  ['cache', 'CACHE_REPOSITORY', 'cache'],
])(
  "an %s in another team's repository is refused, whatever the build's variables say",
  async (of, variable, kind) => {
    const [key, repositoryName] = [keyOf('checkout', `iso-${of}-${run}`), `${kind}/billing/iso-${run}`];
    const ecr = new ECRClient(access.sdk);
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    const id = await build(key, ['RUN true'], {}, await builderWith({ [variable]: repositoryName }));
    expect(await failureOf(id)).toMatch(/^FAILED in BUILD/);
    const page = await logs.read({ key, number: 1, cursor: undefined });
    const log = (page?.lines ?? []).map(({ text }) => text).join('\n');
    expect(log).toMatch(new RegExp(`${repositoryName}\\b.*403 \\(Forbidden\\)`));
    const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName }));
    expect(imageDetails).toEqual([]);
  },
);

test('a build has the role of a team and no other: the stage can pass none, and there is none for an unknown team', async () => {
  const { credentials } = (await sessionOf(output('BuildFunctionName'))).config;
  const stage = new CodeBuildClient({ ...access.sdk, credentials, maxAttempts: 1 });
  const start = (serviceRoleOverride: string) =>
    stage.send(new StartBuildCommand({ projectName: project, serviceRoleOverride }));
  const administrator = rolesArn.replace(/getschwifty-builds-.*$/, 'administrator');
  await expect(start(administrator)).rejects.toThrow(/not authorized/);
  await expect(start(`${rolesArn}nobody`)).rejects.toThrow(/does the role exist/);
});
