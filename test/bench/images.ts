/** Many images that differ in their manifests only: their one layer is pushed once. */
import { createHash } from 'node:crypto';
import { Digest } from '#core/names.ts';
import { adminAuthorization as authorization } from '#local/aws/emulator.ts';

const type = 'application/vnd.oci.image.manifest.v1+json';

/** @returns the digests, in the order of the pushes. */
export async function pushMany(aws: string, repository: string, count: number): Promise<Digest[]> {
  // It reads which cloud it pushes to when it is loaded.
  const { debian, push } = await import('../e2e/push.ts');
  const first = await push(repository, 'bench-0', debian);
  const url = (reference: string) => `${aws}/v2/${repository}/manifests/${reference}`;
  const manifest: unknown = await (
    await fetch(url(first), { headers: { authorization, accept: type } })
  ).json();
  const digests = [first];
  for (let i = 1; i < count; i++) {
    const body = JSON.stringify(Object.assign({}, manifest, { annotations: { bench: String(i) } }));
    const put = await fetch(url(`bench-${i}`), {
      method: 'PUT',
      headers: { authorization, 'content-type': type },
      body,
    });
    if (put.status !== 201) throw new Error(`image ${i} was not taken: ${put.status} ${await put.text()}`);
    digests.push(Digest.parse(`sha256:${createHash('sha256').update(body).digest('hex')}`));
  }
  return digests;
}
