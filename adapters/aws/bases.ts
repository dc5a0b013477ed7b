/** Base images of the catalog, as ECR describes them. */
import {
  DescribeImagesCommand,
  ECRClient,
  type ImageDetail,
  ImageNotFoundException,
  RepositoryNotFoundException,
} from '@aws-sdk/client-ecr';
import type { BaseImages, BaseRef, BaseSight } from '#core/build-ports.ts';
import { parse } from '#core/errors.ts';
import { Digest } from '#core/names.ts';
import { once } from '../once.ts';
import { retryable } from './errors.ts';

export class EcrBases implements BaseImages {
  readonly #client: () => ECRClient;

  constructor(client: () => ECRClient = once(() => new ECRClient({}))) {
    this.#client = client;
  }

  async look(base: BaseRef): Promise<BaseSight | undefined> {
    const detail = await describeBase(this.#client(), base);
    if (!detail?.imagePushedAt) return undefined;
    const { imageScanCompletedAt: completedAt, findingSeverityCounts } =
      detail.imageScanFindingsSummary ?? {};
    return {
      digest: parse(
        Digest,
        detail.imageDigest,
        `the digest of ${base.repository}:${base.tag ?? base.digest}`,
      ),
      sizeBytes: detail.imageSizeInBytes ?? 0,
      pushedAt: detail.imagePushedAt.toISOString(),
      ...(completedAt && {
        scan: { completedAt: completedAt.toISOString(), findings: { ...findingSeverityCounts } },
      }),
    };
  }
}

/** Undefined where the registry does not have it. */
export async function describeBase(
  client: ECRClient,
  { repository, tag, digest }: BaseRef,
): Promise<ImageDetail | undefined> {
  const imageIds = [digest === undefined ? { imageTag: tag } : { imageDigest: digest }];
  try {
    const command = new DescribeImagesCommand({ repositoryName: repository, imageIds });
    const answer = await retryable('DescribeImages', () => client.send(command));
    return answer.imageDetails?.[0];
  } catch (error) {
    if (error instanceof ImageNotFoundException || error instanceof RepositoryNotFoundException)
      return undefined;
    throw error;
  }
}
