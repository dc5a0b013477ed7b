/** What asking for an environment would do, without doing it. What is known only later stands there as a word for it. */
import { accessService } from './access.ts';
import { dockerfile } from './dockerfile.ts';
import type { Environment } from './environment.ts';
import { repositoryOf } from './image.ts';
import { Digest, type EnvironmentKey, environmentId } from './names.ts';
import type { PackageManager } from './packages.ts';
import { desiredObjects, type KubernetesObject } from './rollout.ts';
import type { Spec } from './spec.ts';
import { hostKeySecrets } from './ssh-pod.ts';
import { classOf, type VolumeClass } from './volume-class.ts';

export interface PlanInput {
  readonly key: EnvironmentKey;
  readonly spec: Spec;
  readonly base: {
    readonly repository: string;
    readonly tag: string;
    readonly takes: readonly PackageManager[];
  };
  readonly cluster: {
    readonly name: string;
    readonly kubernetesVersion: string;
    readonly loadBalancerScheme: 'internal' | 'internet-facing';
    readonly volumes: readonly VolumeClass[];
  };
}
interface Plan {
  readonly steps: string[];
  readonly dockerfile: string;
  readonly objects: KubernetesObject[];
}

/**
 * The steps of a change, of all those that an environment that is asked for takes.
 * @param after what it would be; the same as before where nothing is to be done.
 */
export function stepsOfChange(before: Environment, after: Environment, all: readonly string[]): string[] {
  if (after.builds > before.builds) return [...all];
  if (after === before) return ['nothing: it is what is asked for already'];
  const applies = after.release !== before.release;
  return [
    applies
      ? `the objects are applied to cluster ${after.cluster} at once, with the image that it runs`
      : 'it is kept for the next rollout: no image of it runs',
  ];
}

/** Stands for the digest of an image that is not built. */
const unbuilt = Digest.parse(`sha256:${'0'.repeat(64)}`);

/** The deployer knows what stands there. */
const unknownSsh = {
  image: `access@${unbuilt}`,
  url: `http://${accessService.name}.${accessService.namespace}:${accessService.port}`,
  hostKeySecret: `${hostKeySecrets}…`,
};

export function planOf({ key, spec, base, cluster }: PlanInput): Plan {
  const id = environmentId(key);
  const candidate = repositoryOf('candidate', key);
  const release = repositoryOf('release', key);
  return {
    steps: [
      `${base.repository}:${base.tag} is resolved to its digest, and the Dockerfile is built on it`,
      `the image is pushed to ${candidate}, scanned and judged; what blocks and can be fixed is rebuilt`,
      'an approver lets it be released',
      `its digest is copied to ${release}`,
      `the objects are applied to cluster ${cluster.name}, and ${id} is named when it is Ready`,
    ],
    dockerfile: dockerfile({
      spec,
      baseImage: `${base.repository}:${base.tag}`,
      takes: base.takes,
      key,
      fixes: [],
    }),
    objects: desiredObjects({
      key,
      spec,
      image: `${release}@${unbuilt}`,
      digest: unbuilt,
      loadBalancerScheme: cluster.loadBalancerScheme,
      kubernetesVersion: cluster.kubernetesVersion,
      ssh: spec.access.ssh ? unknownSsh : undefined,
      storageClass: spec.volume && classOf(spec.volume, cluster.volumes)?.storageClass,
    }),
  };
}
