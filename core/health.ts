/** What the cluster says of an environment, reduced to what is decided upon. */
import type { HostKey } from './host-key.ts';
import { isApp } from './labels.ts';
import { Digest, type Instant } from './names.ts';
import { problemOf } from './problem.ts';
import { isSame } from './same.ts';
import type { Deployment, Pod, PodSpec, Sight, Warned } from './sight.ts';

export interface Health {
  /** The digest that the Deployment asks for; undefined when there is no Deployment. */
  readonly digest: Digest | undefined;
  /** Nothing of another template is left, and at least the smallest count asked for is Ready. */
  readonly ready: boolean;
  readonly readySince: Instant | undefined;
  /** It is to have no pod, and has none. */
  readonly idle: boolean;
  /** The load balancer's host name (EKS) or address. */
  readonly address: string | undefined;
  /** Why it is not Ready, in one line that says what to do. */
  readonly problem: string | undefined;
  readonly lastOom:
    | {
        readonly at: Instant;
        readonly pod: string;
        readonly container: string;
        readonly limit: string | undefined;
      }
    | undefined;
  /** By which its SSH server is known; undefined where it has none. */
  readonly hostKey?: HostKey | undefined;
  /** What of ours was found changed, and was put back at this look. */
  readonly repaired?: string | undefined;
  /** The snapshot that its volume was made from, where it was not known before. */
  readonly filled?: string | undefined;
  /** How pods come to another size: done at the look after this is written. */
  readonly resized?: string | undefined;
}

export function assess(sight: Sight): Health {
  const { deployment, pods, service } = sight;
  const staying = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  const ingress = service?.status.loadBalancer?.ingress?.[0];
  const address = ingress?.hostname ?? ingress?.ip;
  const podsReady = deployment !== undefined && isRolledOut({ ...sight, pods: staying }, deployment);
  const ready = podsReady && address !== undefined;
  return {
    digest: deployment && digestOf(deployment),
    ready,
    idle: deployment?.spec.replicas === 0 && pods.length === 0,
    readySince: podsReady ? readySince(staying, leastOf(sight)) : undefined,
    address,
    problem: ready ? undefined : podsReady ? noAddress(sight.warnings ?? []) : problemOf(deployment, pods),
    lastOom: lastOomOf(pods),
  };
}

const longestWarning = 400;

/** Its controller says why in events, the last of which counts. */
function noAddress(warnings: readonly Warned[]): string {
  const when = ({ lastTimestamp, eventTime }: Warned) => lastTimestamp ?? eventTime ?? '';
  const last = warnings.toSorted((a, b) => (when(a) < when(b) ? -1 : 1)).at(-1);
  if (last === undefined)
    return 'The load balancer has no address yet. Nothing to do for some minutes; then see its Service.';
  const says = `${last.reason}: ${last.message.replaceAll(/\s+/g, ' ').slice(0, longestWarning)}`;
  return `The load balancer can not be made: ${says}${whatToDo(last)}`;
}

/** Source: Elastic Load Balancing API reference, CreateLoadBalancer, Errors; its quotas for Network Load Balancers. */
function whatToDo({ message }: Warned): string {
  if (message.includes('TooManyLoadBalancers'))
    return '. Each environment has one: delete what nobody needs, or have the quota "Network Load Balancers per Region" raised.';
  return '. It is tried again; see its Service, and ask whoever runs the cluster.';
}

const leastOf = ({ deployment, autoscaler }: Sight): number =>
  autoscaler?.spec.minReplicas ?? deployment?.spec.replicas ?? 1;

/** As `kubectl rollout status` decides it, but for the pods that the autoscaler adds to what serves already. */
function isRolledOut(sight: Sight, { metadata, status }: Deployment): boolean {
  const isReplaced = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) || areAllAsWanted(sight);
  return (
    (status.observedGeneration ?? 0) >= metadata.generation &&
    isReplaced &&
    (status.readyReplicas ?? 0) >= leastOf(sight)
  );
}

/** Somebody restarts the pods, or gives them a variable: the old ones serve, and are of what was asked for. */
const areAllAsWanted = ({ deployment, pods }: Sight): boolean =>
  deployment !== undefined &&
  pods.length > 0 &&
  pods.every(({ spec }) => isAsWanted(deployment.spec.template.spec, spec));

/** The same containers, images, ports, sizes and claims; what a webhook or a LimitRange adds to a size is no difference. */
function isAsWanted(wanted: PodSpec, there: PodSpec): boolean {
  const named = new Map(there.containers.map((container) => [container.name, container]));
  return (
    isSame(claimsOf(wanted), claimsOf(there)) &&
    wanted.containers.length === there.containers.length &&
    wanted.containers.every(({ name, image, ports, resources }) => {
      const container = named.get(name);
      return (
        image !== undefined &&
        container?.image === image &&
        isSame(ports ?? [], container.ports ?? []) &&
        (['limits', 'requests'] as const).every((kind) =>
          Object.entries(resources?.[kind] ?? {}).every(
            ([what, amount]) => container.resources?.[kind]?.[what] === amount,
          ),
        )
      );
    })
  );
}

/** Who had no volume serves on until it ends, and what is written there then is lost. */
const claimsOf = ({ volumes = [] }: PodSpec): string[] =>
  volumes.flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []).sort();

const appImage = (containers: readonly { name: string; image?: string | undefined }[]) =>
  containers.find(isApp)?.image;

const digestOf = (deployment: Deployment): Digest | undefined =>
  Digest.safeParse(appImage(deployment.spec.template.spec.containers)?.split('@')[1]).data;

/** The instant from which `least` of the pods were Ready: others that came later change nothing. */
function readySince(pods: readonly Pod[], least: number): Instant | undefined {
  const instants = pods.flatMap((pod) => {
    const ready = pod.status.conditions?.find(({ type }) => type === 'Ready');
    return ready?.status === 'True' && ready.lastTransitionTime ? [instant(ready.lastTransitionTime)] : [];
  });
  return instants.sort()[Math.max(least, 1) - 1] ?? instants.at(-1);
}

/** Kubernetes writes whole seconds: made comparable with our own instants. */
const instant = (time: string): Instant => new Date(time).toISOString();

function lastOomOf(pods: readonly Pod[]): Health['lastOom'] {
  // What a session took too much of is its own: the application goes on.
  const ooms = pods.flatMap((pod) =>
    (pod.status.containerStatuses ?? []).filter(isApp).flatMap((status) =>
      [status.state?.terminated, status.lastState?.terminated]
        .filter((end) => end?.reason === 'OOMKilled' && end.finishedAt)
        .map((end) => ({
          at: instant(end?.finishedAt ?? ''),
          pod: pod.metadata.name,
          container: status.name,
          limit: pod.spec.containers.find((c) => c.name === status.name)?.resources?.limits?.['memory'],
        })),
    ),
  );
  return ooms.sort((a, b) => (a.at < b.at ? -1 : 1)).at(-1);
}
