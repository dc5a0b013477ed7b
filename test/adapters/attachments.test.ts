/** EcrAttachments against an endpoint of ECR on this machine. */
import { ECRClient } from '@aws-sdk/client-ecr';
import { afterEach, expect, test } from 'vitest';
import { EcrAttachments } from '#adapters/aws/attachments.ts';
import { Retryable } from '#core/errors.ts';
import { digestOf } from '../contracts/samples.ts';
import { type Answer, awsEndpoint } from './aws-endpoint.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());
async function attachments(answers: Readonly<Record<string, Answer>>) {
  const targetOf = (target: unknown) => String(target).split('.').at(-1) ?? '';
  const server = await awsEndpoint(
    ({ headers }) => answers[targetOf(headers['x-amz-target'])] ?? { status: 500, body: '' },
  );
  close = server.close;
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  const settings = { endpoint: server.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  const { asked } = server;
  return {
    list: new EcrAttachments(() => new ECRClient(settings)),
    asked: () => asked.map(({ body }) => JSON.parse(body)),
  };
}
const json = (body: object, status = 200): Answer => ({ status, body: JSON.stringify(body) });
const image = digestOf('image');
const mediaType = 'application/vnd.oci.image.manifest.v1+json';

test('what our builds attached has a link to its content, what others did has none', async () => {
  const ours = {
    ...{ digest: digestOf('sbom'), mediaType, artifactType: 'application/vnd.cyclonedx+json' },
    annotations: { 'dev.getschwifty.content': digestOf('content') },
  };
  const theirs = {
    digest: digestOf('signature'),
    mediaType,
    annotations: { 'dev.getschwifty.content': 'x' },
  };
  const { list, asked } = await attachments({
    ListImageReferrers: json({ referrers: [ours, theirs] }),
    GetDownloadUrlForLayer: json({
      downloadUrl: 'https://layers.example/1',
      layerDigest: digestOf('content'),
    }),
  });
  expect(await list.list('candidate/a/b', image)).toEqual([
    { type: 'application/vnd.cyclonedx+json', digest: digestOf('sbom'), url: 'https://layers.example/1' },
    { type: mediaType, digest: digestOf('signature') },
  ]);
  expect(asked()).toEqual([
    { repositoryName: 'candidate/a/b', subjectId: { imageDigest: image }, maxResults: 50 },
    { repositoryName: 'candidate/a/b', layerDigest: digestOf('content') },
  ]);
});

test('a repository that is gone has nothing', async () => {
  const gone = json({ __type: 'RepositoryNotFoundException', message: 'gone' }, 400);
  const { list } = await attachments({ ListImageReferrers: gone });
  expect(await list.list('candidate/a/b', image)).toEqual([]);
});

test('a registry that is busy may be asked again; a digest that is none is said', async () => {
  const busy = await attachments({ ListImageReferrers: json({ __type: 'ServerException' }, 500) });
  await expect(busy.list.list('candidate/a/b', image)).rejects.toThrow(Retryable);
  await close?.();
  const odd = await attachments({
    ListImageReferrers: json({ referrers: [{ digest: 'latest', mediaType }] }),
  });
  await expect(odd.list.list('candidate/a/b', image)).rejects.toThrow(
    /the digest of a referrer in candidate\/a\/b/,
  );
});
