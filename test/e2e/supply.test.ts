/** What a build's image has attached to it, by the build project itself, and that its promotion brings it along. */
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { expect, test } from 'vitest';
import { EcrAttachments } from '#adapters/aws/attachments.ts';
import { EcrPromoter } from '#adapters/aws/promoter.ts';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { buildContext, type Making } from '#core/context.ts';
import { buildTag, repositoryOf } from '#core/image.ts';
import type { Digest } from '#core/names.ts';
import { madeOf } from '#core/provenance.ts';
import { Spec } from '#core/spec.ts';
import * as z from '#core/zod.ts';
import { adminAuthorization as authorization } from '#local/aws/emulator.ts';
import { until } from '#local/demo/world.ts';
import { keyOf } from '../contracts/samples.ts';
import { access, cloud } from './cloud.ts';
import { makeRepositories } from './plays.ts';
import { builder } from './strangers-build.ts';

const key = keyOf('checkout', `supply-${Date.now().toString(36)}`);
const ecr = new ECRClient(access.sdk);
const [candidate, release] = [repositoryOf('candidate', key), `supply/${key.name}`];
const Index = z.object({ manifests: z.array(z.object({ digest: z.string(), artifactType: z.string() })) });
const Manifest = z.object({ layers: z.tuple([z.object({ digest: z.string() })]) });
const Bom = z.object({
  bomFormat: z.string(),
  components: z.array(z.object({ name: z.string(), version: z.optional(z.string()) })),
});
const Statement = z.object({
  subject: z.array(z.unknown()),
  predicate: z.object({
    buildDefinition: z.object({
      externalParameters: z.unknown(),
      resolvedDependencies: z.array(z.object({ uri: z.string() })),
    }),
    runDetails: z.object({ builder: z.object({ id: z.string() }), byproducts: z.array(z.unknown()) }),
  }),
});

const json = async (path: string): Promise<unknown> => {
  const answer = await fetch(`${cloud.aws}/v2/${path}`, { headers: { authorization } });
  expect(answer.status, path).toBe(200);
  return answer.json();
};

/** By its type, the content of what refers to an image. */
async function attached(repository: string, image: Digest): Promise<Map<string, unknown>> {
  const { manifests } = Index.parse(await json(`${repository}/referrers/${image}`));
  const all = manifests.map(async ({ digest, artifactType }): Promise<[string, unknown]> => {
    const { layers } = Manifest.parse(await json(`${repository}/manifests/${digest}`));
    return [artifactType, await json(`${repository}/blobs/${layers[0].digest}`)];
  });
  return new Map(await Promise.all(all));
}

test('a built image has its SBOM and its provenance, and so has what is released of it', async () => {
  await makeRepositories(key);
  const baseImage = await builder.resolveBase({ repository: 'base/debian', tag: 'bookworm' });
  if (baseImage === undefined) throw new Error('the local cloud has no base');
  const packages = { apt: [{ name: 'jq' }], pip: [{ name: 'six', version: '1.16.0' }] };
  const spec = Spec.parse({ base: 'debian-12', packages, command: ['sleep', '1'] });
  const takes = ['apt', 'pip', 'npm'] as const;
  const making: Making = { from: 'base', spec, baseImage, takes, key, fixes: [], epoch: '2026-11-26' };
  const made = madeOf(making, 'c0ffee');
  const id = await builder.start({ key, number: 1, context: buildContext(making), made });
  const ended = await until('the end of the build', 400, async () => {
    const status = await builder.status(id);
    return status.ended ? status : undefined;
  });
  expect(ended).toEqual({ ended: true });
  const image = await new EcrScanner(ecr).imageByTag(candidate, buildTag(1));
  if (!image) throw new Error('nothing was pushed');

  const found = await attached(candidate, image.digest);
  expect([...found.keys()].sort()).toEqual([
    'application/vnd.cyclonedx+json',
    'application/vnd.in-toto+json',
  ]);
  const bom = Bom.parse(found.get('application/vnd.cyclonedx+json'));
  expect(bom.components).toContainEqual({ name: 'six', version: '1.16.0' });
  expect(bom.components.map(({ name }) => name)).toEqual(expect.arrayContaining(['jq', 'libc6']));
  const { subject, predicate } = Statement.parse(found.get('application/vnd.in-toto+json'));
  expect(JSON.stringify(subject)).toContain(image.digest.slice('sha256:'.length));
  const { externalParameters, resolvedDependencies } = predicate.buildDefinition;
  expect(externalParameters).toMatchObject({ environment: `checkout/${key.name}`, content: 'c0ffee' });
  expect(resolvedDependencies[0]?.uri).toBe(baseImage);
  expect(resolvedDependencies.map(({ uri }) => uri)).toContain('pkg:pypi/six@1.16.0');
  expect(predicate.runDetails.builder.id).toMatch(/^arn:aws:codebuild:.*:project\//);
  expect(predicate.runDetails.byproducts).toHaveLength(1);

  await ecr.send(new CreateRepositoryCommand({ repositoryName: release }));
  await new EcrPromoter(ecr).copy(candidate, release, image.digest, 'r-1');
  expect(await attached(release, image.digest)).toEqual(found);

  // What the API lists leads there.
  for (const { type, url = '' } of await new EcrAttachments(() => ecr).list(release, image.digest))
    expect(await (await fetch(url)).json(), type).toEqual(found.get(type));
  expect(await new EcrAttachments(() => ecr).list(release, image.digest)).toHaveLength(2);
});
