/** Scans as ECR gives them. The shapes of basic and enhanced scanning are turned into ours in findings.ts. */
import {
  BatchGetImageCommand,
  DescribeImageScanFindingsCommand,
  DescribeImagesCommand,
  ECRClient,
  type ImageDetail,
  type ImageIdentifier,
  ImageNotFoundException,
  type ImageScanFindings,
  RepositoryNotFoundException,
  ScanNotFoundException,
} from '@aws-sdk/client-ecr';
import type { Image } from '#core/environment.ts';
import { parse, parseJson } from '#core/errors.ts';
import type { Finding, Scan } from '#core/finding.ts';
import { Digest } from '#core/names.ts';
import { type PlatformScan, scanOfIndex } from '#core/platforms.ts';
import type { ImageScanner } from '#core/ports.ts';
import * as z from '#core/zod.ts';
import { InFlight } from '../in-flight.ts';
import { indexTypes } from '../oci/media-types.ts';
import { retryable } from './errors.ts';
import { basicFinding, enhancedFinding, scanStatus } from './findings.ts';

/** As deep as anybody nests indexes, and some more. */
const indexesNested = 4;

const Child = z.object({
  mediaType: z.string(),
  digest: Digest,
  platform: z.optional(
    z.object({ os: z.string(), architecture: z.string(), variant: z.optional(z.string()) }),
  ),
  annotations: z.optional(z.record(z.string(), z.string())),
});
type Child = z.infer<typeof Child>;
const Index = z.object({ manifests: z.array(Child) });

/**
 * What buildx adds to an index to tell how an image was built. ECR can't scan it, and no node can run it: both must be
 * so, for an annotation alone would let an image pass unseen. Source: BuildKit, docs/attestations/attestation-storage.md.
 */
const isAttestation = ({ platform, annotations }: Child): boolean =>
  annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' &&
  platform?.os === 'unknown' &&
  platform.architecture === 'unknown';

const platformOf = ({ platform, digest }: Child): string =>
  platform ? [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/') : digest;

export class EcrScanner implements ImageScanner {
  readonly #client: ECRClient;
  readonly #details = new InFlight<ImageDetail | undefined>();

  constructor(client: ECRClient = new ECRClient({})) {
    this.#client = client;
  }

  image(repository: string, digest: Digest): Promise<Image | undefined> {
    return this.#describe(repository, { imageDigest: digest });
  }

  imageByTag(repository: string, tag: string): Promise<Image | undefined> {
    return this.#describe(repository, { imageTag: tag });
  }

  async #describe(repository: string, id: ImageIdentifier): Promise<Image | undefined> {
    const detail = await this.#detail(repository, id);
    if (!detail?.imagePushedAt) return undefined;
    const digest = parse(Digest, detail.imageDigest, `the digest of an image in ${repository}`);
    return { digest, pushedAt: detail.imagePushedAt.toISOString(), tags: detail.imageTags ?? [] };
  }

  /** The gate asks at once what an image is and what its scan found. */
  #detail(repository: string, id: ImageIdentifier): Promise<ImageDetail | undefined> {
    const of = JSON.stringify([repository, id]);
    return this.#details.read(of, () => this.#readDetail(repository, id));
  }

  async #readDetail(repository: string, id: ImageIdentifier): Promise<ImageDetail | undefined> {
    try {
      const command = new DescribeImagesCommand({ repositoryName: repository, imageIds: [id] });
      const answer = await retryable('DescribeImages', () => this.#client.send(command));
      return answer.imageDetails?.[0];
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /** Of an index: of the images in it, made one. */
  async scan(repository: string, digest: Digest): Promise<Scan> {
    const [scan, isIndex] = await Promise.all([
      this.#scan(repository, digest),
      this.#isIndex(repository, digest),
    ]);
    return isIndex ? scanOfIndex(await this.#children(repository, digest, indexesNested)) : scan;
  }

  async #isIndex(repository: string, digest: Digest): Promise<boolean> {
    const detail = await this.#detail(repository, { imageDigest: digest });
    return indexTypes.includes(detail?.imageManifestMediaType ?? '');
  }

  async #children(repository: string, digest: Digest, depth: number): Promise<PlatformScan[]> {
    const command = new BatchGetImageCommand({
      repositoryName: repository,
      imageIds: [{ imageDigest: digest }],
      acceptedMediaTypes: indexTypes,
    });
    const answer = await retryable('BatchGetImage', () => this.#client.send(command));
    const where = `index ${digest} of ${repository}`;
    const text = answer.images?.[0]?.imageManifest;
    if (text === undefined || depth === 0)
      return [{ platform: digest, scan: { status: 'unsupported', reason: `${where} can not be read` } }];
    const scans: PlatformScan[] = [];
    for (const child of parseJson(Index, text, where).manifests) {
      if (isAttestation(child)) continue;
      if (indexTypes.includes(child.mediaType))
        scans.push(...(await this.#children(repository, child.digest, depth - 1)));
      else scans.push({ platform: platformOf(child), scan: await this.#scan(repository, child.digest) });
    }
    return scans;
  }

  async #scan(repository: string, digest: Digest): Promise<Scan> {
    const findings: Finding[] = [];
    let completedAt: Date | undefined;
    let watched = false;
    let nextToken: string | undefined;
    do {
      const page = await this.#page(repository, digest, nextToken);
      if (page === undefined) return { status: 'missing' };
      const status = scanStatus(page.imageScanStatus?.status, page.imageScanStatus?.description);
      if (typeof status !== 'string') return status;
      watched = status === 'watched';
      findings.push(...findingsOf(page.imageScanFindings));
      completedAt ??= page.imageScanFindings?.imageScanCompletedAt;
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    // Right after a push ECR can answer ACTIVE or COMPLETE with no findings and no date: its first scan goes on.
    if (completedAt === undefined) return { status: 'pending' };
    return {
      status: 'complete',
      completedAt: completedAt.toISOString(),
      ...(watched && { watched }),
      findings,
    };
  }

  async #page(repository: string, digest: Digest, nextToken: string | undefined) {
    try {
      const command = new DescribeImageScanFindingsCommand({
        repositoryName: repository,
        imageId: { imageDigest: digest },
        maxResults: 1000,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      return await retryable('DescribeImageScanFindings', () => this.#client.send(command));
    } catch (error) {
      if (isGone(error) || error instanceof ScanNotFoundException) return undefined;
      throw error;
    }
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof ImageNotFoundException || error instanceof RepositoryNotFoundException;

function findingsOf(page: ImageScanFindings | undefined): Finding[] {
  return [
    ...(page?.findings ?? []).map(basicFinding),
    ...(page?.enhancedFindings ?? []).flatMap(enhancedFinding),
  ];
}
