/**
 * A pod that is replaced goes on answering while load balancers still lead to it. Kubernetes tells kubelet and load balancers
 * at the same time; a Network Load Balancer leads new connections to a target for some two minutes after it was taken from
 * it (aws/containers-roadmap, issue 470; aws-load-balancer-controller, issue 2366). docs/adr/0029 says more.
 */

/** Those two minutes, and what it takes until the load balancer is told. */
export const defaultDrainSeconds = 150;
/** What an application then has to end in, as Kubernetes itself would give it. */
const endSeconds = 30;
/** One that does not answer any more has nothing to drain: it is started again as soon as may be. */
const hungSeconds = 10;

interface Drained {
  readonly drainSeconds: number;
}

/** For a container. The sleep is kubelet's own (stable since Kubernetes 1.34): the image needs no program for it. */
export const lifecycle = ({ drainSeconds }: Drained) =>
  drainSeconds > 0 ? { lifecycle: { preStop: { sleep: { seconds: drainSeconds } } } } : {};

/** For a pod: the time runs from when it is told to go, so it is what draining and ending take. */
export const grace = ({ drainSeconds }: Drained) => ({
  terminationGracePeriodSeconds: drainSeconds + endSeconds,
});

/** For a startup or liveness probe: without it a container that fails it would drain too before it is started again. */
export const endsAtOnce = { terminationGracePeriodSeconds: hungSeconds };
