/** ECR and CodeBuild on moto, which scans and builds nothing: it is told what a scan found, and a build just is. */
import { CodeBuildClient, CreateProjectCommand, StopBuildCommand } from '@aws-sdk/client-codebuild';
import {
  CreateRepositoryCommand,
  ECRClient,
  PutImageCommand,
  StartImageScanCommand,
} from '@aws-sdk/client-ecr';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { EcrAttachments } from '#adapters/aws/attachments.ts';
import { EcrBases } from '#adapters/aws/bases.ts';
import { CodeBuilder } from '#adapters/aws/builder.ts';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { Digest } from '#core/names.ts';
import type { AttachmentsWorld } from '../contracts/attachments.ts';
import type { AwsWorlds, Sdk } from '../contracts/aws-worlds.ts';
import type { BasesWorld } from '../contracts/bases.ts';
import type { BuilderWorld } from '../contracts/builder.ts';
import { digestOf } from '../contracts/samples.ts';
import type { Content, ScannerWorld } from '../contracts/scanner.ts';

const manifestOf = (text: string): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(text), size: 2 },
    layers: [],
  });

async function put(ecr: ECRClient, repositoryName: string, imageTag: string, text: string): Promise<Digest> {
  const imageManifest = manifestOf(text);
  const imageDigest = digestOf(imageManifest);
  const command = new PutImageCommand({ repositoryName, imageTag, imageManifest, imageDigest });
  return Digest.parse((await ecr.send(command)).image?.imageId?.imageDigest);
}

export async function motoScanner(sdk: Sdk, worlds: AwsWorlds): Promise<ScannerWorld> {
  const ecr = new ECRClient(sdk);
  const [repository, unscanned] = [worlds.name('scanned'), worlds.name('unscanned')];
  for (const repositoryName of [repository, unscanned])
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  return {
    scanner: new EcrScanner(ecr),
    repository,
    unscanned,
    push: async (repositoryName, tag, content) => {
      const imageDigest = await put(ecr, repositoryName, tag, `${repositoryName} ${content}`);
      if (repositoryName === unscanned) return imageDigest;
      await scanEnds(sdk, repositoryName, imageDigest, content);
      await ecr.send(new StartImageScanCommand({ repositoryName, imageId: { imageDigest } }));
      return imageDigest;
    },
  };
}

/** moto's own API: what DescribeImageScanFindings answers, as Inspector has it (ECR API reference). */
async function scanEnds(
  { endpoint, region }: Sdk,
  repositoryName: string,
  imageDigest: string,
  content: Content,
): Promise<void> {
  const result =
    content === 'unsupported'
      ? { imageScanStatus: { status: 'UNSUPPORTED_IMAGE', description: 'No operating system that is known' } }
      : {
          imageScanStatus: { status: 'ACTIVE', description: 'Continuous scan is selected for image.' },
          imageScanFindings: {
            imageScanCompletedAt: Date.now() / 1000,
            enhancedFindings: findings[content].map(enhanced),
          },
        };
  const results = [{ repositoryName, imageId: { imageDigest }, ...result }];
  const answer = await fetch(`${endpoint}/moto-api/static/ecr/scan-finding-results`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ results, account_id: '123456789012', region }),
  });
  if (!answer.ok) throw new Error(`moto did not take the scan: ${answer.status} ${await answer.text()}`);
}

const findings: Readonly<Record<Exclude<Content, 'unsupported'>, readonly string[]>> = {
  clean: [],
  hole: ['CVE-2023-25577'],
  many: Array.from({ length: 1100 }, (_, i) => `CVE-2023-${10_000 + i}`),
};

const enhanced = (vulnerabilityId: string) => ({
  severity: 'HIGH',
  status: 'ACTIVE',
  fixAvailable: 'YES',
  packageVulnerabilityDetails: {
    vulnerabilityId,
    vulnerablePackages: [
      { name: 'werkzeug', version: '2.2.2', packageManager: 'PYTHONPKG', fixedInVersion: '2.2.3' },
    ],
  },
});

/** Of manifests alone: moto takes them, with their subject, and no blobs. */
export async function motoAttachments(sdk: Sdk, worlds: AwsWorlds): Promise<AttachmentsWorld> {
  const ecr = new ECRClient(sdk);
  const repositoryName = worlds.name('attached');
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  return {
    attachments: new EcrAttachments(() => ecr),
    repository: repositoryName,
    push: (content) => put(ecr, repositoryName, content, content),
    attach: async (subject, { type, content }) => {
      const text = JSON.stringify({
        ...JSON.parse(manifestOf(content)),
        artifactType: type,
        subject: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: subject, size: 2 },
      });
      const imageDigest = digestOf(text);
      await ecr.send(new PutImageCommand({ repositoryName, imageManifest: text, imageDigest }));
      return imageDigest;
    },
    get: async (url) => (await fetch(url)).text(),
  };
}

export async function motoBases(sdk: Sdk, worlds: AwsWorlds): Promise<BasesWorld> {
  const ecr = new ECRClient(sdk);
  const repository = worlds.name('base');
  await ecr.send(new CreateRepositoryCommand({ repositoryName: repository }));
  const digest = Digest.parse(await put(ecr, repository, 'bookworm', 'a base'));
  return { bases: new EcrBases(() => ecr), base: { repository, tag: 'bookworm', digest } };
}

export async function motoBuilder(sdk: Sdk, worlds: AwsWorlds): Promise<BuilderWorld> {
  const [ecr, builds] = [new ECRClient(sdk), new CodeBuildClient(sdk)];
  const files = new S3Client({ ...sdk, forcePathStyle: true });
  const [repository, bucket, project] = [worlds.name('base'), worlds.name('sources'), worlds.name('images')];
  await ecr.send(new CreateRepositoryCommand({ repositoryName: repository }));
  const digest = await put(ecr, repository, 'bookworm', 'a base');
  await files.send(new CreateBucketCommand({ Bucket: bucket }));
  await builds.send(
    new CreateProjectCommand({
      name: project,
      source: { type: 'S3', location: `${bucket}/builds/` },
      artifacts: { type: 'NO_ARTIFACTS' },
      environment: {
        type: 'LINUX_CONTAINER',
        image: 'aws/codebuild/standard:7.0',
        computeType: 'BUILD_GENERAL1_SMALL',
      },
      serviceRole: 'arn:aws:iam::123456789012:role/builds',
    }),
  );
  const registry = 'r.example';
  return {
    builder: new CodeBuilder(
      { project, rolesArn: 'arn:aws:iam::123456789012:role/builds-', bucket, registry, logGroup: 'builds' },
      { builds, registry: ecr, files },
    ),
    base: { repository, tag: 'bookworm', reference: `${registry}/${repository}@${digest}` },
    stop: async (id) => {
      await builds.send(new StopBuildCommand({ id }));
    },
  };
}
