/**
 * Why an environment's pods are not Ready: one line that says what happened and what to do. Words and reasons are those of
 * the kubelet (pkg/kubelet/images, kuberuntime), the scheduler and the admission of Kubernetes; test/core/sights has them as they come.
 */
import { isApp } from './labels.ts';
import { type ContainerStatus, type Deployment, type Pod, portOf } from './sight.ts';

/** The newest pod that says what is wrong with it; pods that end, or that are Ready, have nothing to say. */
export function problemOf(deployment: Deployment | undefined, pods: readonly Pod[]): string {
  const waiting = pods
    .filter((pod) => !pod.metadata.deletionTimestamp && condition(pod, 'Ready')?.status !== 'True')
    .sort((a, b) => timeOf(b) - timeOf(a));
  for (const pod of waiting) {
    const problem = schedulingProblem(pod) ?? containerProblem(pod);
    if (problem !== undefined) return problem;
  }
  const failure = deployment?.status.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  if (failure) return creationProblem(failure.message ?? failure.reason ?? 'no reason is given');
  const [newest] = waiting;
  return newest ? startingProblem(newest) : noPod(deployment);
}

const timeOf = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '') || 0;
const condition = (pod: Pod, type: string) => pod.status.conditions?.find((entry) => entry.type === type);

/** Somebody's text in a line of ours: no line breaks, no control characters, and not for ever. */
function oneLine(text: string, length = 240): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

function containerProblem(pod: Pod): string | undefined {
  for (const status of pod.status.containerStatuses ?? []) {
    const problem = waitingProblem(pod, status) ?? endProblem(pod, status);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function waitingProblem(pod: Pod, { name, state }: ContainerStatus): string | undefined {
  const { reason = '', message = '' } = state?.waiting ?? {};
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'InvalidImageName':
    case 'ErrImageNeverPull':
    case 'RegistryUnavailable':
      return pullProblem(reason, message, imageOf(pod, name));
    case 'CreateContainerConfigError':
      return message.includes('runAsNonRoot')
        ? `${reason}: the image wants to run as root, which is refused. Build it with a USER that is a number other than 0.`
        : `${reason}: the container can't be made. Change what the spec asks for: ${oneLine(message)}`;
    case 'CreateContainerError':
    case 'RunContainerError':
      return `${reason}: the command can't be started. Change the command or the image: ${oneLine(message)}`;
    default:
      return undefined;
  }
}

const imageOf = (pod: Pod, name: string): string =>
  pod.spec.containers.find((container) => container.name === name)?.image ?? 'the image';

const pullCauses: readonly (readonly [RegExp, string])[] = [
  [
    /\b429\b|toomanyrequests|too many requests/i,
    'the registry answers too many requests. Nothing to do for some minutes: it is tried again.',
  ],
  [
    /\b40[13]\b|denied|unauthorized|no basic auth|authorization failed|forbidden/i,
    "the registry refuses the node. Give the node's role the policy AmazonEC2ContainerRegistryPullOnly again.",
  ],
  [
    /not found|notfound|manifest unknown/i,
    'it is not in the registry. Was it deleted? Approve another image.',
  ],
  [
    /timeout|deadline ?exceeded|refused|no such host|no route|unreachable|reset|EOF/i,
    "the registry can't be reached from the node. See the node's network: NAT gateway, endpoints.",
  ],
];

function pullProblem(reason: string, message: string, image: string): string {
  // The reference itself could hold any of the words that are looked for.
  const words = message.replaceAll(image, '');
  const cause = pullCauses.find(([pattern]) => pattern.test(words))?.[1];
  return `${reason}: ${image} can't be pulled: ${cause ?? `${oneLine(words)}. Approve another image.`}`;
}

/** How the container ended: now, or the last time before it was started again. */
function endProblem(pod: Pod, status: ContainerStatus): string | undefined {
  const { name, state, lastState, restartCount = 0 } = status;
  const end = state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined);
  if (!end) return undefined;
  const times = restartCount > 1 ? ` ${restartCount} times` : '';
  if (end.reason === 'OOMKilled') {
    const limit = pod.spec.containers.find((entry) => entry.name === name)?.resources?.limits?.['memory'];
    return `OOMKilled: out of memory${times} at its limit of ${limit ?? 'unknown size'}. Ask for more memory, or find the leak.`;
  }
  if (end.reason === 'StartError') {
    const why = end.message?.replace(/^.*unable to start container process: /s, '') ?? 'no reason is given';
    return `StartError: the command can't be started. Change the command or the image: ${oneLine(why)}`;
  }
  const words = end.message?.trim().split('\n').at(-1);
  const last = words ? ` Its last words: ${oneLine(words)}` : ' It said nothing.';
  return `CrashLoopBackOff: the command ended${times} with exit code ${end.exitCode ?? 'unknown'}. Change the command or the image.${last}`;
}

function schedulingProblem(pod: Pod): string | undefined {
  const scheduled = condition(pod, 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  const message = scheduled.message ?? 'no node takes the pod';
  const lacking = [
    ...new Set([...message.matchAll(/Insufficient ([\w./-]+\w)/g)].map(([, what]) => what ?? '')),
  ];
  if (lacking.length === 0) {
    // What preemption would do is of no use to anybody.
    const why = oneLine(message.replace(/\.? (?:no new claims|preemption:).*$/s, ''));
    return `Unschedulable: ${why}. Ask for another node pool, or have its nodes opened to this team.`;
  }
  const asked = lacking.map((what) => `${what} (asked for: ${requestOf(pod, what) ?? 'unknown'})`);
  return `Unschedulable: no node has enough ${asked.join(', ')}. Ask for less, or for another node pool.`;
}

const requestOf = (pod: Pod, what: string): string | undefined =>
  pod.spec.containers.find(({ resources }) => resources?.requests?.[what])?.resources?.requests?.[what];

/** The API server let no pod in: the ReplicaSet's controller tells its words. */
function creationProblem(message: string): string {
  const why = oneLine(message.replace(/^pods "[^"]*" is forbidden: /, ''));
  if (/exceeded quota/.test(why)) {
    const numbers = why.replace(/^exceeded quota: [^,]*, /, '');
    return `FailedCreate: the namespace's quota is used up (${numbers}). Ask for fewer or smaller replicas.`;
  }
  if (/violates PodSecurity/.test(why)) {
    return `FailedCreate: the pod breaks the cluster's pod security standard. Somebody changed the Deployment or the cluster's admission: ${why}`;
  }
  if (/ per (?:Container|Pod) is /.test(why)) {
    return `FailedCreate: the pod is outside the namespace's limit range. Ask for resources within it: ${why}`;
  }
  return `FailedCreate: the cluster refuses the pod. See who changed the cluster's admission: ${why}`;
}

function startingProblem(pod: Pod): string {
  const port = portOf(pod) ?? 'in $PORT';
  const listen = `Listen on 0.0.0.0 and the port in $PORT (${port}), or have the spec say which port it is`;
  const statuses = (pod.status.containerStatuses ?? []).filter(isApp);
  const running = statuses.find(({ state }) => state !== undefined && !state.waiting && !state.terminated);
  if (!running) return 'Not Ready: the image is being pulled. Nothing to do yet.';
  if (running.started === true)
    return `Not Ready: port ${port} took connections and takes none now. ${listen}; find what keeps the process busy.`;
  const restarts = running.restartCount ?? 0;
  const again = restarts > 0 ? `, and was started again ${restarts} times for it` : '';
  return `Not Ready: the command runs, but does not accept connections on port ${port}${again}. ${listen}.`;
}

function noPod(deployment: Deployment | undefined): string {
  const progressing = deployment?.status.conditions?.find(({ type }) => type === 'Progressing');
  return progressing?.reason === 'ProgressDeadlineExceeded'
    ? "No pod was made in time, and the cluster does not say why. See the cluster's controller manager."
    : 'No pod yet. Nothing to do for some seconds.';
}
