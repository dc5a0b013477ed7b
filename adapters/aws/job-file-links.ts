/** Links to plans, manifests and results of data jobs, in S3. */
import { S3Client } from '@aws-sdk/client-s3';
import type { JobFileLinks } from '#core/jobs/ports.ts';
import { signedLink } from './signed-link.ts';

export class S3JobFileLinks implements JobFileLinks {
  readonly #bucket: string;
  readonly #client: S3Client;

  constructor(bucket: string, client: S3Client = new S3Client({})) {
    this.#bucket = bucket;
    this.#client = client;
  }

  link(key: string) {
    return signedLink(this.#client, this.#bucket, key);
  }
}
