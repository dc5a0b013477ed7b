/** EcrScanner against an ECR endpoint on this machine. */
import { afterEach, expect, test, vi } from 'vitest';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import * as z from '#core/zod.ts';
import { digestOf } from '../contracts/samples.ts';
import { type Answer, type Asked, awsEndpoint, awsEnvironment } from './aws-endpoint.ts';

const digest = digestOf('image');
const repository = 'candidate/checkout/web';
let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await close?.();
});

const failure = (type: string): Answer => ({
  status: 400,
  body: JSON.stringify({ __type: type, message: 'no' }),
});
const Body = z.looseObject({ nextToken: z.optional(z.string()), maxResults: z.optional(z.number()) });

async function scanner(answer: (asked: Asked, body: z.infer<typeof Body>) => object | Answer) {
  const server = await awsEndpoint((asked) => {
    const given = answer(asked, Body.parse(JSON.parse(asked.body)));
    return 'body' in given ? given : { body: JSON.stringify(given) };
  });
  close = server.close;
  for (const [name, value] of Object.entries(awsEnvironment(server.endpoint))) vi.stubEnv(name, value);
  return { scanner: new EcrScanner(), asked: server.asked };
}
const isAbout = (headers: Asked['headers'], operation: string): boolean =>
  String(headers['x-amz-target']).endsWith(`.${operation}`);
const finding = (name: string) => ({ name, severity: 'LOW', attributes: [] });

test('all pages of the findings are read', async () => {
  const { scanner: ecr, asked } = await scanner((_, { nextToken }) => ({
    imageScanStatus: { status: 'COMPLETE' },
    imageScanFindings: { imageScanCompletedAt: 1767607200, findings: [finding(nextToken ?? 'first')] },
    ...(nextToken === undefined
      ? { nextToken: 'second' }
      : nextToken === 'second'
        ? { nextToken: 'third' }
        : {}),
  }));
  const scan = await ecr.scan(repository, digest);
  expect(scan).toMatchObject({ status: 'complete', completedAt: '2026-01-05T10:00:00.000Z' });
  expect(scan.status === 'complete' && scan.findings.map(({ id }) => id)).toEqual([
    'first',
    'second',
    'third',
  ]);
  expect(asked.filter(({ headers }) => isAbout(headers, 'DescribeImageScanFindings'))).toHaveLength(3);
});

test('a scan that began anew between two pages is not complete', async () => {
  const { scanner: ecr } = await scanner((_, { nextToken }) =>
    nextToken === undefined
      ? { imageScanStatus: { status: 'COMPLETE' }, imageScanFindings: { findings: [] }, nextToken: 'second' }
      : { imageScanStatus: { status: 'IN_PROGRESS' } },
  );
  expect(await ecr.scan(repository, digest)).toEqual({ status: 'pending' });
});

test.each(['ImageNotFoundException', 'RepositoryNotFoundException', 'ScanNotFoundException'])(
  '%s: there is no scan',
  async (type) => {
    const { scanner: ecr } = await scanner(({ headers }) =>
      isAbout(headers, 'DescribeImages') && type === 'ScanNotFoundException'
        ? { imageDetails: [] }
        : failure(type),
    );
    expect(await ecr.scan(repository, digest)).toEqual({ status: 'missing' });
  },
);

test('a refusal is no missing scan', async () => {
  const { scanner: ecr } = await scanner(() => failure('AccessDeniedException'));
  await expect(ecr.scan(repository, digest)).rejects.toThrow();
  await expect(ecr.image(repository, digest)).rejects.toThrow();
});

// As ECR answers right after a push under enhanced scanning (aws/aws-cli#6759): the findings come seconds later.
test.each(['COMPLETE', 'ACTIVE'])('%s without a date: the first scan goes on', async (status) => {
  const body = { imageScanStatus: { status }, imageScanFindings: { findings: [] } };
  const { scanner: ecr } = await scanner(() => body);
  expect(await ecr.scan(repository, digest)).toEqual({ status: 'pending' });
});

test('an image that enhanced scanning goes on watching says so', async () => {
  const { scanner: ecr } = await scanner(() => ({
    imageScanStatus: { status: 'ACTIVE' },
    imageScanFindings: { imageScanCompletedAt: 1767607200, findings: [] },
  }));
  expect(await ecr.scan(repository, digest)).toMatchObject({ status: 'complete', watched: true });
});

test('an image by digest and by tag; without a tag; gone', async () => {
  const detail = { imageDigest: digest, imagePushedAt: 1767607200, imageTags: ['build-1'] };
  const { scanner: ecr, asked } = await scanner(() => ({ imageDetails: [detail] }));
  const image = { digest, pushedAt: '2026-01-05T10:00:00.000Z', tags: ['build-1'] };
  expect(await ecr.image(repository, digest)).toEqual(image);
  expect(await ecr.imageByTag(repository, 'build-1')).toEqual(image);
  expect(
    asked.map(({ body }) => z.object({ imageIds: z.unknown() }).parse(JSON.parse(body)).imageIds),
  ).toEqual([[{ imageDigest: digest }], [{ imageTag: 'build-1' }]]);
  await close?.();
  const gone = await scanner(() => failure('ImageNotFoundException'));
  expect(await gone.scanner.image(repository, digest)).toBeUndefined();
});

test('who asks at once what an image is and what its scan found has it described once', async () => {
  const { scanner: ecr, asked } = await scanner(({ headers }) =>
    isAbout(headers, 'DescribeImages')
      ? { imageDetails: [{ imageDigest: digest, imagePushedAt: 1767607200, imageTags: ['build-1'] }] }
      : {
          imageScanStatus: { status: 'COMPLETE' },
          imageScanFindings: { imageScanCompletedAt: 1767607200, findings: [] },
        },
  );
  const [image, scan] = await Promise.all([ecr.image(repository, digest), ecr.scan(repository, digest)]);
  expect([image?.tags, scan.status]).toEqual([['build-1'], 'complete']);
  expect(asked.filter(({ headers }) => isAbout(headers, 'DescribeImages'))).toHaveLength(1);
});
