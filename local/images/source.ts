/** A build's source: every object below a prefix, as files. CodeBuild reads it with the project's own role, and so do we. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import type { BuildRequest } from './build-contract.ts';

/** How many files it wrote. */
export async function downloadSource(
  { source, credentials, endpoint }: BuildRequest,
  region: string,
  folder: string,
  abortSignal: AbortSignal,
): Promise<number> {
  const cut = source.location.indexOf('/');
  const [bucket, prefix] = [source.location.slice(0, cut), source.location.slice(cut + 1)];
  const { sessionToken, ...keys } = credentials;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { ...keys, ...(sessionToken === undefined ? {} : { sessionToken }) },
  });
  try {
    let files = 0;
    for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
      for (const { Key: key = '' } of page.Contents ?? []) {
        if (key.endsWith('/')) continue;
        const path = join(folder, key.slice(prefix.length));
        if (!path.startsWith(folder + sep))
          throw new Error(`s3://${bucket}/${key} would lie outside of the source`);
        // Before the answer: a body that nobody reads yet would end this process when it breaks.
        await mkdir(dirname(path), { recursive: true });
        const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), {
          abortSignal,
        });
        if (!body) throw new Error(`s3://${bucket}/${key} has no body`);
        await writeFile(path, await body.transformToByteArray());
        files += 1;
      }
    }
    if (files === 0) throw new Error(`s3://${source.location} holds no objects`);
    return files;
  } finally {
    client.destroy();
  }
}
