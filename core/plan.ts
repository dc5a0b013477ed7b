/** What asking for an environment would do, without doing it. What is known only later stands there as a word for it. */
import { accessService } from './access.ts';
import { type BaseImage, baseReference } from './catalog.ts';
import { type Cluster, certificateOf } from './cluster.ts';
import { buildContext, type Making } from './context.ts';
import type { Environment } from './environment.ts';
import { unreachable } from './errors.ts';
import { type Scheme, schemeOf } from './exposure.ts';
import { repositoryOf, shortDigest } from './image.ts';
import type { Indexes } from './indexes.ts';
import { Digest, type EnvironmentKey, environmentId } from './names.ts';
import { desiredObjects, type KubernetesObject } from './rollout.ts';
import { isSame } from './same.ts';
import { gitSays, type Source } from './source.ts';
import { defaultPort, runPartOf, type Spec } from './spec.ts';
import { hostKeySecrets } from './ssh-pod.ts';
import { classOf, type VolumeClass } from './volume-class.ts';
import type { Release } from './young.ts';

/** A source as the configuration has it. */
export type Basis =
  | {
      readonly kind: 'base';
      /** With the digest that would be built from now; without one only where nothing would be built. */
      readonly base: BaseImage;
    }
  | Exclude<Source, { kind: 'base' }>;

export interface PlanInput {
  readonly key: EnvironmentKey;
  readonly spec: Spec;
  readonly basis: Basis;
  /** The security epoch that is running. */
  readonly epoch: string;
  readonly tooYoungFrom: string | undefined;
  /** Releases that are taken though they are too young. */
  readonly waived: readonly Release[];
  readonly indexes: Indexes;
  readonly cluster: {
    readonly name: string;
    readonly kubernetesVersion: string;
    readonly loadBalancerScheme: Scheme;
    readonly volumes: readonly VolumeClass[];
    readonly drainSeconds: number;
    readonly certificates: Cluster['certificates'];
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
  const way = all.slice(0, wayLength);
  const times = timeSteps(after.spec, before.spec);
  if (after.builds > before.builds) return [...(known ? [spared(known), ...way.slice(-2)] : way), ...times];
  if (after === before) return ['nothing: it is what is asked for already'];
  const applies = after.release !== before.release;
  if (isSame(runPartOf(before.spec), runPartOf(after.spec))) return times;
  return [
    applies
      ? `the objects are applied to cluster ${after.cluster} at once, with the image that it runs`
      : 'it is kept for the next rollout: no image of it runs',
    ...times,
  ];
}

/** From its source to Ready, in an environment that is asked for; what its clock does comes behind. */
const wayLength = 5;

const spared = (known: Digest): string =>
  `nothing is built: ${shortDigest(known)} is made of the same and was approved; it is judged again, and built after all if anything speaks against it`;

/** @param before where it is there already: what stays so is no step. */
function timeSteps(spec: Spec, before?: Spec): string[] {
  const { ttl, workingHours: hours } = spec;
  const steps = [
    before?.ttl === ttl
      ? undefined
      : ttl === undefined
        ? 'it has no end any more'
        : `it is deleted when its ttl of ${ttl} is over, after its people were told`,
    isSame(before?.workingHours, hours)
      ? undefined
      : hours === undefined
        ? 'it is not started and stopped by working hours any more'
        : `it is started at ${hours.from} and stopped at ${hours.to}, ${hours.timeZone}, on ${hours.days.join(', ')}`,
  ];
  return steps.filter((step) => step !== undefined);
}

/** Stands for the digest of an image that is not built. */
const unbuilt = Digest.parse(`sha256:${'0'.repeat(64)}`);

/** The deployer knows what stands there. */
const unknownSsh = {
  image: `access@${unbuilt}`,
  url: `http://${accessService.name}.${accessService.namespace}:${accessService.port}`,
  hostKeySecret: `${hostKeySecrets}…`,
};

/** What its build would be made from, as far as that is known before. */
export function makingOf({ key, spec, basis, epoch, tooYoungFrom, waived, indexes }: PlanInput): Making {
  switch (basis.kind) {
    case 'base': {
      const { base } = basis;
      const baseImage = baseReference(base);
      const common = { spec, baseImage, takes: base.takes, key, fixes: [] };
      return { from: 'base', ...common, epoch, tooYoungFrom, waived, indexes };
    }
    case 'image':
      return { from: 'image', key, spec, image: `${basis.repository}@${basis.digest}` };
    case 'git':
      return { from: 'git', key, git: basis.git, epoch };
    default:
      return unreachable(basis);
  }
}

function builtFrom(basis: Basis): string {
  switch (basis.kind) {
    case 'base': {
      const { repository, tag, digest } = basis.base;
      return `the Dockerfile is built on ${repository}:${tag}, which is ${digest ?? 'gone'} now`;
    }
    case 'image':
      return `${basis.repository}@${basis.digest} is taken as it is, with labels, port and user`;
    case 'git':
      return `${basis.git.dockerfile} of ${gitSays(basis.git)} is built as it is`;
    default:
      return unreachable(basis);
  }
}

/** What it says is known where the build fetches it. */
const fetched = ({ basis }: PlanInput): string =>
  basis.kind === 'git' ? `# ${basis.git.dockerfile} of ${gitSays(basis.git)}\n` : '';

const filledFrom = ({ volume }: Spec): string =>
  volume?.from === undefined ? '' : `, its volume is made from snapshot ${volume.from}`;

const portSays = ({ port }: Spec): string =>
  port === defaultPort ? '' : `, its port 80 leads to ${port} of its pods`;

export function planOf(input: PlanInput): Plan {
  const { key, spec, basis, cluster } = input;
  const id = environmentId(key);
  const candidate = repositoryOf('candidate', key);
  const release = repositoryOf('release', key);
  return {
    steps: [
      builtFrom(basis),
      `the image is pushed to ${candidate}, scanned and judged${basis.kind === 'base' ? '; what blocks and can be fixed is rebuilt' : ''}`,
      'an approver lets it be released',
      `its digest is copied to ${release}`,
      `the objects are applied to cluster ${cluster.name}${portSays(spec)}${filledFrom(spec)}, and ${id} is named when it is Ready`,
      ...timeSteps(spec),
    ],
    dockerfile: buildContext(makingOf(input))['Dockerfile'] ?? fetched(input),
    objects: desiredObjects({
      key,
      spec,
      image: `${release}@${unbuilt}`,
      digest: unbuilt,
      loadBalancerScheme: schemeOf(spec.access, cluster),
      kubernetesVersion: cluster.kubernetesVersion,
      drainSeconds: cluster.drainSeconds,
      certificate: certificateOf(cluster, key.team),
      ssh: spec.access.ssh ? unknownSsh : undefined,
      storageClass: spec.volume && classOf(spec.volume, cluster.volumes)?.storageClass,
    }),
  };
}
