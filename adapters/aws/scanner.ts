/** Scans as ECR gives them. The shapes of basic and enhanced scanning are turned into ours in findings.ts. */
import {
  DescribeImageScanFindingsCommand,
  DescribeImagesCommand,
  ECRClient,
  type ImageIdentifier,
  ImageNotFoundException,
  type ImageScanFindings,
  RepositoryNotFoundException,
  ScanNotFoundException,
} from '@aws-sdk/client-ecr';
import type { Image } from '#core/environment.ts';
import { parse } from '#core/errors.ts';
import type { Finding, Scan } from '#core/finding.ts';
import { Digest } from '#core/names.ts';
import type { ImageScanner } from '#core/ports.ts';
import { basicFinding, enhancedFinding, scanStatus } from './findings.ts';

export class EcrScanner implements ImageScanner {
  readonly #client: ECRClient;

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
    try {
      const answer = await this.#client.send(
        new DescribeImagesCommand({ repositoryName: repository, imageIds: [id] }),
      );
      const detail = answer.imageDetails?.[0];
      if (!detail?.imagePushedAt) return undefined;
      const digest = parse(Digest, detail.imageDigest, `the digest of an image in ${repository}`);
      return { digest, pushedAt: detail.imagePushedAt.toISOString(), tags: detail.imageTags ?? [] };
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  async scan(repository: string, digest: Digest): Promise<Scan> {
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
      return await this.#client.send(
        new DescribeImageScanFindingsCommand({
          repositoryName: repository,
          imageId: { imageDigest: digest },
          maxResults: 1000,
          ...(nextToken === undefined ? {} : { nextToken }),
        }),
      );
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
