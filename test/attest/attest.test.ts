/** What a build attaches to its image, by a registry of this machine: whole, twice, in part, not at all; and promoted with it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Registry } from '#adapters/oci/registry.ts';
import { parse } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { attest } from '../../attest/attest.ts';
import { Env } from '../../attest/env.ts';
import type { Descriptor } from '../adapters/oci-registry.ts';
import { sha256 } from '../adapters/oci-words.ts';
import { from, hurried, opened, to } from '../adapters/promoted.ts';

const Artifact = z.object({
  artifactType: z.string(),
  config: z.object({ mediaType: z.string(), size: z.literal(2) }),
  layers: z.tuple([z.object({ mediaType: z.string(), digest: z.string(), size: z.number() })]),
  subject: z.object({ mediaType: z.string(), digest: z.string(), size: z.number() }),
  annotations: z.record(z.string(), z.string()),
});

let world: Awaited<ReturnType<typeof opened>>;
let client: Registry;
let image: Descriptor;
beforeEach(async () => {
  world = await opened();
  const { origin, authorization } = world.registry;
  client = new Registry(async () => ({ origin, authorization }), hurried);
  image = world.registry.addImage(from, 'one', 'build-1');
});
afterEach(async () => {
  client.close();
  await world.close();
});

const material = { uri: 'r.test/base/debian@sha256:0', digest: { sha256: '0' } };
const made = { environment: 'checkout/web', source: 'base', content: 'c0ffee', from: [material] };
const given = {
  REGISTRY: 'r.test',
  REPOSITORY: from,
  CODEBUILD_BUILD_ARN: 'arn:aws:codebuild:us-east-1:000000000000:build/images:1',
  CODEBUILD_START_TIME: '1764403200000',
  MADE_OF: JSON.stringify(made),
};
const list = Buffer.from(
  JSON.stringify({
    bomFormat: 'CycloneDX',
    components: [{ purl: 'pkg:pypi/six@1.17.0' }, { purl: 'pkg:deb/debian/curl@8' }, { name: 'none' }],
  }),
);
const run = (sbom: () => Promise<Buffer> = async () => list, variables: Record<string, string> = given) =>
  attest({
    ...{ env: parse(Env, variables, 'the environment'), digest: image.digest, registry: client, sbom },
    ...{ now: () => new Date('2025-11-29T08:01:00Z'), signal: AbortSignal.timeout(10_000) },
  });

/** Of the candidate repository, by their type. */
function attached(repository = from) {
  const { manifests, blobs } = world.registry.repository(repository);
  const artifacts = [...manifests.values()].flatMap(({ bytes }) => {
    const parsed = Artifact.safeParse(JSON.parse(bytes.toString()));
    return parsed.success ? [parsed.data] : [];
  });
  return new Map(
    artifacts.map((one) => [one.artifactType, { ...one, content: blobs.get(one.layers[0].digest) }]),
  );
}
const cyclonedx = 'application/vnd.cyclonedx+json';
const inToto = 'application/vnd.in-toto+json';

test('an image has its SBOM and its provenance, which names the SBOM and what is in it', async () => {
  expect(await run()).toEqual([]);
  const found = attached();
  expect([...found.keys()].sort()).toEqual([cyclonedx, inToto]);
  for (const { subject, layers, artifactType, config } of found.values()) {
    expect(subject).toEqual(image);
    expect(layers[0].mediaType).toBe(artifactType);
    expect(config.mediaType).toBe('application/vnd.oci.empty.v1+json');
  }
  expect(found.get(cyclonedx)?.content).toEqual(list);
  const provenance = found.get(inToto);
  expect(provenance?.annotations).toEqual({
    'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1',
    'dev.getschwifty.content': provenance?.layers[0].digest,
  });
  expect(JSON.parse(String(provenance?.content))).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: `r.test/${from}`, digest: { sha256: image.digest.slice(7) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://getschwifty.dev/build/v1',
        externalParameters: { environment: 'checkout/web', source: 'base', content: 'c0ffee' },
        internalParameters: { fixes: [], withoutCache: false },
        resolvedDependencies: [material, { uri: 'pkg:deb/debian/curl@8' }, { uri: 'pkg:pypi/six@1.17.0' }],
      },
      runDetails: {
        builder: { id: 'arn:aws:codebuild:us-east-1:000000000000:project/images' },
        metadata: {
          invocationId: given.CODEBUILD_BUILD_ARN,
          startedOn: '2025-11-29T08:00:00.000Z',
          finishedOn: '2025-11-29T08:01:00.000Z',
        },
        byproducts: [{ name: 'sbom', mediaType: cyclonedx, digest: { sha256: sha256(list).slice(7) } }],
      },
    },
  });
});

test('both are promoted with it', async () => {
  await run();
  await world.copy(image.digest);
  expect(attached(to)).toEqual(attached());
});

test('the same attached twice is there once', async () => {
  await run();
  const before = world.registry.repository(from).manifests.size;
  expect(await run()).toEqual([]);
  expect(world.registry.repository(from).manifests.size).toBe(before);
});

test.each([
  ['can not be made', () => Promise.reject(new Error('syft scan ended with 1')), /^SBOM: syft scan ended/],
  ['is none', async () => Buffer.from('{"bomFormat":"SPDX"}'), /^SBOM: the SBOM is not valid: bomFormat/],
  ['is cut', async () => list.subarray(0, 9), /^SBOM: the SBOM is not JSON/],
])('where the SBOM %s, provenance comes alone, and it is said', async (_, sbom, problem) => {
  expect(await run(sbom)).toEqual([expect.stringMatching(problem)]);
  const found = attached();
  expect([...found.keys()]).toEqual([inToto]);
  expect(JSON.parse(String(found.get(inToto)?.content)).predicate.runDetails.byproducts).toEqual([]);
});

test('a build that says nothing of what it is made of has its SBOM alone', async () => {
  const { MADE_OF: _, ...rest } = given;
  expect(await run(undefined, rest)).toEqual([expect.stringContaining('MADE_OF')]);
  expect([...attached().keys()]).toEqual([cyclonedx]);
});

test('what it is made of is parsed', () => {
  const wrong = (MADE_OF: string) => parse(Env, { ...given, MADE_OF }, 'the environment');
  expect(() => wrong('{')).toThrow(/the environment is not valid: MADE_OF/);
  expect(() => wrong(JSON.stringify({ ...made, source: 'x' }))).toThrow(/MADE_OF\.source/);
});

test('an image that is gone has nothing attached', async () => {
  world.registry.repository(from).manifests.delete(image.digest);
  const problems = await run();
  expect(problems).toEqual([1, 2].map(() => expect.stringMatching(/there is nothing to attach to/)));
  expect(attached().size).toBe(0);
});

test('a registry that refuses says why, for each', async () => {
  world.registry.instead = (method) => (method === 'PUT' ? { status: 403, body: 'not yours' } : undefined);
  expect(await run()).toEqual([1, 2].map(() => expect.stringMatching(/403 not yours/)));
});

test('a list of several parts comes whole', async () => {
  const components = Array.from({ length: 1000 }, (_, i) => ({ purl: `pkg:pypi/p${i}@1` }));
  const large = Buffer.from(JSON.stringify({ bomFormat: 'CycloneDX', components }));
  expect(large.length).toBeGreaterThan(2 * hurried.partBytes);
  expect(await run(async () => large)).toEqual([]);
  expect(attached().get(cyclonedx)?.content).toEqual(large);
});
