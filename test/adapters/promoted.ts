/** EcrPromoter with a registry on this machine: what its tests share. */
import { ECRClient } from '@aws-sdk/client-ecr';
import { EcrPromoter } from '#adapters/aws/promoter.ts';
import { releaseTag } from '#core/image.ts';
import type { Digest } from '#core/names.ts';
import { awsEndpoint } from './aws-endpoint.ts';
import { OciRegistry } from './oci-registry.ts';

export const from = 'candidate/checkout/web';
export const to = 'release/checkout/web';
const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
/** Tries as in production, and no waiting for anything. */
export const hurried = { tries: 5, pauseMs: 0, idleMs: 5_000, partBytes: 10_000 };

/** @param at where GetAuthorizationToken says that the registry is; the registry itself where it is not given. */
export async function opened(at?: (registry: OciRegistry) => string, pace = hurried, budgetMs = 60_000) {
  const registry = new OciRegistry();
  const closing = [await registry.start()];
  let grants = 0;
  const ecr = await awsEndpoint(() => {
    grants += 1;
    const grant = {
      proxyEndpoint: at?.(registry) ?? registry.origin,
      authorizationToken: registry.authorization.replace('Basic ', ''),
      expiresAt: 4102444800,
    };
    return { body: JSON.stringify({ authorizationData: [grant] }) };
  });
  closing.push(ecr.close);
  const client = new ECRClient({ endpoint: ecr.endpoint, region: 'us-east-1', credentials });
  const promoter = new EcrPromoter(client, { pace, budgetMs });
  const release = registry.repository(to);
  return {
    registry,
    promoter,
    grants: () => grants,
    copy: (digest: Digest) => promoter.copy(from, to, digest, releaseTag(digest)),
    copied: (digest: Digest) => release.tags.get(releaseTag(digest)) === digest,
    asked: (pattern: RegExp) => registry.asked.filter((line) => pattern.test(line)),
    close: async () => {
      for (const close of closing.splice(0)) await close();
    },
  };
}
