/**
 * What refers to an image, as ECR lists it, with links to what our builds attached: their annotation says where the content is.
 * Source: Amazon ECR API reference, ListImageReferrers (allowed by ecr:BatchGetImage) and GetDownloadUrlForLayer.
 */
import {
  ECRClient,
  GetDownloadUrlForLayerCommand,
  type ImageReferrer,
  ListImageReferrersCommand,
  RepositoryNotFoundException,
} from '@aws-sdk/client-ecr';
import type { Attached, Attachments } from '#core/build-ports.ts';
import { parse } from '#core/errors.ts';
import { Digest } from '#core/names.ts';
import { contentAnnotation } from '#core/provenance.ts';
import { once } from '../once.ts';
import { retryable } from './errors.ts';

/** ECR's own, without a page more. */
const listed = 50;

export class EcrAttachments implements Attachments {
  readonly #client: () => ECRClient;

  constructor(client: () => ECRClient = once(() => new ECRClient({}))) {
    this.#client = client;
  }

  async list(repository: string, image: Digest): Promise<readonly Attached[]> {
    const command = new ListImageReferrersCommand({
      repositoryName: repository,
      subjectId: { imageDigest: image },
      maxResults: listed,
    });
    try {
      const { referrers = [] } = await retryable('ListImageReferrers', () => this.#client().send(command));
      return await Promise.all(referrers.map((one) => this.#attached(repository, one)));
    } catch (error) {
      if (error instanceof RepositoryNotFoundException) return [];
      throw error;
    }
  }

  async #attached(repository: string, referrer: ImageReferrer): Promise<Attached> {
    const { digest, artifactType, mediaType = '', annotations = {} } = referrer;
    const own = {
      type: artifactType ?? mediaType,
      digest: parse(Digest, digest, `the digest of a referrer in ${repository}`),
    };
    const content = Digest.safeParse(annotations[contentAnnotation]);
    if (!content.success) return own;
    const command = new GetDownloadUrlForLayerCommand({
      repositoryName: repository,
      layerDigest: content.data,
    });
    const { downloadUrl } = await retryable('GetDownloadUrlForLayer', () => this.#client().send(command));
    return { ...own, url: downloadUrl };
  }
}
