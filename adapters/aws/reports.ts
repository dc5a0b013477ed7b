/** Reports in S3, below reports/: one object a digest. Links are signed here, offline, and hold for some minutes. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { parse } from '#core/errors.ts';
import { type Digest, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Reports } from '#core/ports.ts';
import type { Report } from '#core/report.ts';
import * as z from '#core/zod.ts';
import { retryable } from './errors.ts';

const expiresSeconds = 300;

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

  async link(key: EnvironmentKey, digest: Digest) {
    const { protocol, hostname, port, path } = await this.#requestOf(pathOf(key, digest));
    const host = port === undefined ? hostname : `${hostname}:${port}`;
    const signer = new SignatureV4({
      service: 's3',
      region: this.#client.config.region,
      credentials: this.#client.config.credentials,
      sha256: Sha256,
      // S3 signs paths as they are.
      uriEscapePath: false,
    });
    const headers = { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const request = {
      method: 'GET',
      protocol,
      hostname,
      path,
      query: {},
      headers,
      ...(port !== undefined && { port }),
    };
    const signed = await signer.presign(request, { expiresIn: expiresSeconds });
    const query = new URLSearchParams(
      Object.entries(signed.query ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
    );
    return { url: `${protocol}//${host}${path}?${query}`, expiresSeconds };
  }

  /** Where the SDK would send it, asked of the SDK itself, which is stopped before it sends anything. */
  async #requestOf(Key: string): Promise<z.infer<typeof Addressed>> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key });
    let seen: unknown;
    command.middlewareStack.add(
      () =>
        async ({ request }) => {
          seen = request;
          return { response: {}, output: { $metadata: {} } };
        },
      { step: 'build', name: 'stopBeforeSending', priority: 'low' },
    );
    await this.#client.send(command);
    return parse(Addressed, seen, 'the request for a report');
  }
}

const Addressed = z.object({
  protocol: z.string(),
  hostname: z.string(),
  port: z.optional(z.number()),
  path: z.string(),
});
