/** A repository whose images have attachments, put there as builds put them: by the OCI distribution protocol, with a token of ECR. */
import { CreateRepositoryCommand, type ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { EcrAttachments } from '#adapters/aws/attachments.ts';
import { attach, digestOf } from '#adapters/oci/attach.ts';
import { Registry } from '#adapters/oci/registry.ts';
import { Digest } from '#core/names.ts';
import { contentAnnotation } from '#core/provenance.ts';
import type { Artifact, AttachmentsWorld } from '../contracts/attachments.ts';
import { push } from './push.ts';

const pace = { tries: 5, pauseMs: 500, idleMs: 30_000, partBytes: 10 * 1024 * 1024 };

export async function attachmentsWorld(ecr: ECRClient, repository: string): Promise<AttachmentsWorld> {
  await ecr.send(new CreateRepositoryCommand({ repositoryName: repository }));
  return {
    attachments: new EcrAttachments(() => ecr),
    repository,
    push: (content) => push(repository, 'latest', { content }),
    attach: async (digest, artifact) => {
      const registry = new Registry(() => grantOf(ecr), pace);
      const signal = AbortSignal.timeout(30_000);
      try {
        return Digest.parse(await attach(registry, { repository, digest }, fileOf(artifact), signal));
      } finally {
        registry.close();
      }
    },
    get: async (url) => (await fetch(url)).text(),
  };
}

async function grantOf(ecr: ECRClient) {
  const { authorizationData: [token] = [] } = await ecr.send(new GetAuthorizationTokenCommand({}));
  const { origin } = new URL(token?.proxyEndpoint ?? '');
  return { origin, authorization: `Basic ${token?.authorizationToken}` };
}

function fileOf({ type, content, isOurs }: Artifact) {
  const bytes = Buffer.from(content);
  const annotations = isOurs ? { [contentAnnotation]: digestOf(bytes) } : {};
  return { type, file: 'content', bytes, annotations };
}
