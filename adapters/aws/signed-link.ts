/** Links to objects in S3, signed here, offline: whoever has one may read that object for some minutes. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { parse } from '#core/errors.ts';
import * as z from '#core/zod.ts';

const expiresSeconds = 300;

export async function signedLink(client: S3Client, Bucket: string, Key: string) {
  const { protocol, hostname, port, path } = await requestOf(client, Bucket, Key);
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  const signer = new SignatureV4({
    service: 's3',
    region: client.config.region,
    credentials: client.config.credentials,
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
async function requestOf(client: S3Client, Bucket: string, Key: string): Promise<z.infer<typeof Addressed>> {
  const command = new GetObjectCommand({ Bucket, Key });
  let seen: unknown;
  command.middlewareStack.add(
    () =>
      async ({ request }) => {
        seen = request;
        return { response: {}, output: { $metadata: {} } };
      },
    { step: 'build', name: 'stopBeforeSending', priority: 'low' },
  );
  await client.send(command);
  return parse(Addressed, seen, 'the request for an object');
}

const Addressed = z.object({
  protocol: z.string(),
  hostname: z.string(),
  port: z.optional(z.number()),
  path: z.string(),
});
