/** What asking for an environment would do, without doing it. What is known only later stands there as a word for it. */
import { accessService } from './access.ts';
import { type BaseImage, baseReference } from './catalog.ts';
import { type BuildInput, dockerfile } from './dockerfile.ts';
import type { Environment } from './environment.ts';
import { repositoryOf, shortDigest } from './image.ts';
import { Digest, type EnvironmentKey, environmentId } from './names.ts';
import { desiredObjects, type KubernetesObject } from './rollout.ts';
import type { Spec } from './spec.ts';
import { hostKeySecrets } from './ssh-pod.ts';
import { classOf, type VolumeClass } from './volume-class.ts';

export interface PlanInput {
  readonly key: EnvironmentKey;
  readonly spec: Spec;
  /** With the digest that would be built from now; without one only where nothing would be built. */
  readonly base: BaseImage;
  /** The security epoch that is running. */
  readonly epoch: string;
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
 * @param known the image that would be taken in place of a build.
 */
export function stepsOfChange(
  before: Environment,
  after: Environment,
  all: readonly string[],
  known?: Digest,
): string[] {
  const released = all.slice(-2);
  if (after.builds > before.builds) return known ? [spared(known), ...released] : [...all];
  if (after === before) return ['nothing: it is what is asked for already'];
  const applies = after.release !== before.release;
  return [
    applies
      ? `the objects are applied to cluster ${after.cluster} at once, with the image that it runs`
      : 'it is kept for the next rollout: no image of it runs',
  ];
}

const spared = (known: Digest): string =>
  `nothing is built: ${shortDigest(known)} is made of the same and was approved; it is judged again, and built after all if anything speaks against it`;

/** Stands for the digest of an image that is not built. */
const unbuilt = Digest.parse(`sha256:${'0'.repeat(64)}`);

/** The deployer knows what stands there. */
const unknownSsh = {
  image: `access@${unbuilt}`,
  url: `http://${accessService.name}.${accessService.namespace}:${accessService.port}`,
  hostKeySecret: `${hostKeySecrets}…`,
};

/** What its build would be made from, as far as that is known before. */
export const inputOf = ({ key, spec, base, epoch }: PlanInput): BuildInput => ({
  spec,
  baseImage: baseReference(base),
  takes: base.takes,
  key,
  fixes: [],
  epoch,
});

export function planOf(input: PlanInput): Plan {
  const { key, spec, base, cluster } = input;
  const id = environmentId(key);
  const candidate = repositoryOf('candidate', key);
  const release = repositoryOf('release', key);
  return {
    steps: [
      `the Dockerfile is built on ${base.repository}:${base.tag}, which is ${base.digest ?? 'gone'} now`,
      `the image is pushed to ${candidate}, scanned and judged; what blocks and can be fixed is rebuilt`,
      'an approver lets it be released',
      `its digest is copied to ${release}`,
      `the objects are applied to cluster ${cluster.name}, and ${id} is named when it is Ready`,
    ],
    dockerfile: dockerfile(inputOf(input)),
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
