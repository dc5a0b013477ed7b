/** Reports in S3, below reports/: one object a digest. */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Digest, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Reports } from '#core/ports.ts';
import type { Report } from '#core/report.ts';
import { retryable } from './errors.ts';
import { signedLink } from './signed-link.ts';

/** A colon in a path is written in many ways: the digest's hexadecimal digits alone. */
const pathOf = (key: EnvironmentKey, digest: Digest): string =>
  `reports/${environmentId(key)}/${digest.replace('sha256:', '')}.json`;

export class S3Reports implements Reports {
  readonly #bucket: string;
  readonly #client: S3Client;

  constructor(bucket: string, client: S3Client = new S3Client({})) {
    this.#bucket = bucket;
    this.#client = client;
  }

  async keep(report: Report): Promise<void> {
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: pathOf(report.environment, report.verdict.digest),
      Body: JSON.stringify(report),
      ContentType: 'application/json',
    });
    await retryable('PutObject', () => this.#client.send(command));
  }

  link(key: EnvironmentKey, digest: Digest) {
    return signedLink(this.#client, this.#bucket, pathOf(key, digest));
  }
}
