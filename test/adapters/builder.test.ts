/** CodeBuilder against endpoints of CodeBuild, ECR and S3 on this machine. */
import { afterEach, expect, test, vi } from 'vitest';
import { CodeBuilder } from '#adapters/aws/builder.ts';
import { Retryable } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { web } from '../contracts/samples.ts';
import { type Answer, type Asked, awsEndpoint, awsEnvironment } from './aws-endpoint.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await close?.();
});
async function builder(answer: (target: string, asked: Asked) => Answer) {
  const server = await awsEndpoint((asked) =>
    answer(String(asked.headers['x-amz-target'] ?? asked.method), asked),
  );
  close = server.close;
  for (const [name, value] of Object.entries(awsEnvironment(server.endpoint))) vi.stubEnv(name, value);
  const where = { project: 'images', bucket: 'sources', registry: 'r.example', logGroup: 'builds' };
  const options = { ...where, rolesArn: 'arn:aws:iam::000000000000:role/builds-' };
  return { builder: new CodeBuilder(options), asked: server.asked };
}
const json = (body: object, status = 200): Answer => ({ status, body: JSON.stringify(body) });
const StartBuild = z.object({
  idempotencyToken: z.string(),
  sourceLocationOverride: z.string(),
  serviceRoleOverride: z.string(),
  logsConfigOverride: z.unknown(),
  environmentVariablesOverride: z.array(z.object({ name: z.string(), value: z.string() })),
});
const id = 'images:1';

test('the context is in S3 before the build is started; the same build has the same token', async () => {
  const { builder: codebuild, asked } = await builder((target) =>
    target.endsWith('StartBuild') ? json({ build: { id } }) : { body: '' },
  );
  const context = { Dockerfile: 'FROM base', 'files/app.py': 'print()' };
  const made = { environment: 'checkout/web', source: 'base', content: 'c0ffee', from: [] } as const;
  expect(await codebuild.start({ key: web, number: 3, context })).toBe(id);
  expect(await codebuild.start({ key: web, number: 3, context })).toBe(id);
  await codebuild.start({ key: web, number: 4, context, withoutCache: true, lock: 'lock-1', made });
  const starts = asked.flatMap(({ body, headers }) =>
    headers['x-amz-target'] ? [StartBuild.parse(JSON.parse(body))] : [],
  );
  expect(asked.slice(0, 3).map(({ method }) => method)).toEqual(['PUT', 'PUT', 'POST']);
  expect(
    asked
      .slice(0, 2)
      .map(({ path }) => path)
      .sort(),
  ).toEqual([
    expect.stringContaining('builds/checkout/web/3/Dockerfile'),
    expect.stringContaining('builds/checkout/web/3/files/app.py'),
  ]);
  expect(starts[0]).toMatchObject({
    serviceRoleOverride: 'arn:aws:iam::000000000000:role/builds-checkout',
    sourceLocationOverride: 'sources/builds/checkout/web/3/',
    logsConfigOverride: {
      cloudWatchLogs: { status: 'ENABLED', groupName: 'builds', streamName: 'checkout/web/3' },
    },
    environmentVariablesOverride: [
      { name: 'REPOSITORY', value: 'candidate/checkout/web' },
      { name: 'CACHE_REPOSITORY', value: 'cache/checkout/web' },
      { name: 'TAG', value: 'build-3' },
    ],
  });
  expect(starts[2]?.environmentVariablesOverride).toContainEqual({ name: 'NO_CACHE', value: '--no-cache' });
  expect(starts[2]?.environmentVariablesOverride).toContainEqual({ name: 'LOCK', value: 'lock-1' });
  const MADE_OF = starts[2]?.environmentVariablesOverride.find(({ name }) => name === 'MADE_OF');
  expect(JSON.parse(MADE_OF?.value ?? '')).toEqual(made);
  expect(starts[1]?.idempotencyToken).toBe(starts[0]?.idempotencyToken);
  expect(starts[2]?.idempotencyToken).not.toBe(starts[0]?.idempotencyToken);
});

test('too many builds at once may pass', async () => {
  const { builder: codebuild } = await builder((target) =>
    target.endsWith('StartBuild')
      ? json(
          { __type: 'AccountLimitExceededException', message: 'Cannot have more than 60 builds in queue' },
          400,
        )
      : { body: '' },
  );
  await expect(codebuild.start({ key: web, number: 1, context: {} })).rejects.toThrow(Retryable);
});

test.each([
  [{ buildStatus: 'IN_PROGRESS' }, { ended: false }],
  [{ buildStatus: 'SUCCEEDED' }, { ended: true }],
  [
    {
      buildStatus: 'FAILED',
      phases: [
        { phaseType: 'INSTALL', phaseStatus: 'SUCCEEDED' },
        { phaseType: 'BUILD', phaseStatus: 'FAILED', contexts: [{ message: 'exit status 1' }] },
      ],
      logs: { deepLink: 'https://logs.example/1' },
    },
    { ended: true, failure: 'FAILED in BUILD: exit status 1. Log: https://logs.example/1', how: 'itself' },
  ],
  [
    {
      buildStatus: 'FAILED',
      phases: [
        {
          phaseType: 'PRE_BUILD',
          phaseStatus: 'FAILED',
          contexts: [{ message: 'Error while executing command: git fetch. Reason: exit status 128' }],
        },
      ],
    },
    { ended: true, failure: 'FAILED in PRE_BUILD: its command ended with exit status 128.', how: 'itself' },
  ],
  [{ buildStatus: 'TIMED_OUT' }, { ended: true, failure: 'TIMED_OUT.', how: 'ended' }],
  [
    {
      buildStatus: 'TIMED_OUT',
      timeoutInMinutes: 30,
      phases: [{ phaseType: 'BUILD', phaseStatus: 'TIMED_OUT' }],
    },
    {
      ended: true,
      failure:
        'TIMED_OUT in BUILD. A build may take 30 minutes: `schwifty env log --steps` shows the step that it was at.',
      how: 'ended',
    },
  ],
  [
    {
      buildStatus: 'TIMED_OUT',
      queuedTimeoutInMinutes: 60,
      phases: [{ phaseType: 'QUEUED', phaseStatus: 'TIMED_OUT' }],
    },
    {
      ended: true,
      failure: 'TIMED_OUT in QUEUED. No machine was free within 60 minutes: ask for it again.',
      how: 'ended',
    },
  ],
])('a build that is %o', async (build, expected) => {
  const { builder: codebuild } = await builder(() => json({ builds: [build] }));
  expect(await codebuild.status(id)).toEqual(expected);
});

test('a build that CodeBuild no longer knows has failed', async () => {
  const { builder: codebuild } = await builder(() => json({ builds: [], buildsNotFound: [id] }));
  expect(await codebuild.status(id)).toEqual({ ended: true, failure: `CodeBuild no longer knows ${id}` });
});

test('a base is what its tag names now, by digest; no such tag is no base', async () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const known = await builder(() => json({ imageDetails: [{ imageDigest: digest }] }));
  expect(await known.builder.resolveBase({ repository: 'base/debian', tag: 'bookworm' })).toBe(
    `r.example/base/debian@${digest}`,
  );
  await close?.();
  const gone = await builder(() => json({ __type: 'ImageNotFoundException', message: 'no' }, 400));
  expect(await gone.builder.resolveBase({ repository: 'base/debian', tag: 'bookworm' })).toBeUndefined();
});
