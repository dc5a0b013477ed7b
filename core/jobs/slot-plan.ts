/**
 * From what a job wants of its cluster and what is seen there to what is to be done, and what is to be told. Slots that are missing
 * are filled, those that are too many end by themselves (worker/wanted.ts), and nothing that works is ended but by a pause or the end.
 */
import type { KubernetesObject } from '../labels.ts';
import { addSeconds, type Instant, secondsBetween } from '../names.ts';
import { containers, houseObjects, type SlotsPlace, slotJob, slotLabel, turnLabel } from './slot-objects.ts';
import type { SlotJob, SlotPod, SlotsSight } from './slot-sight.ts';
import type { SlotsSeen, SlotsWanted } from './slots.ts';

export interface SlotsPlan {
  /** In their order; each look applies all of them, which changes nothing where they are so. */
  readonly apply: readonly KubernetesObject[];
  /** Kubernetes Jobs: one of that name that is there already stays as it is. */
  readonly create: readonly KubernetesObject[];
  /** Of Jobs, by their uid, so that what was made since is not met. */
  readonly end: readonly SlotJob[];
  readonly removeNamespace: boolean;
  readonly seen: Pick<SlotsSeen, 'namespace' | 'slots' | 'lookAt' | 'refused'>;
}
type Slot = SlotsSeen['slots'][number];

/**
 * A slot that failed at once fails again: each time in a row it waits twice as long, five minutes at most. One that worked for a while
 * was ended by something else, a node that went or somebody's hand: it is filled again at once.
 */
const atOnceSeconds = 20;
const firstPauseSeconds = 10;
const longestPauseSeconds = 300;
/** A worker whose commands have no container any more ends within seconds, but for one that hands results over to a table. */
const strandedSeconds = 120;
/** Of a thousand slots, all of them with one, DynamoDB takes 400 KB. */
const longestReason = 250;
/** While something is on its way. A cluster tells nobody of a job's pods. */
const lookSeconds = 15;
/** While all is as it should be. */
const restSeconds = 60;

export function planSlots(
  wanted: SlotsWanted,
  place: SlotsPlace,
  sight: SlotsSight,
  now: Instant,
): SlotsPlan {
  const slots = seenSlots(sight, now);
  const nothing = { apply: [], create: [], end: [], removeNamespace: false };
  const seen = { namespace: sight.namespace === 'gone' ? ('gone' as const) : ('there' as const), slots };
  const soon = addSeconds(now, lookSeconds);
  if (wanted.phase === 'ending') {
    if (sight.namespace === 'gone') return { ...nothing, seen };
    return { ...nothing, removeNamespace: sight.namespace === 'there', seen: { ...seen, lookAt: soon } };
  }
  // A namespace of its name that is on its way out: the job was there before, and is wanted again.
  if (sight.namespace === 'leaving') return { ...nothing, seen: { ...seen, lookAt: soon } };
  const apply = houseObjects(wanted, place);
  const open = sight.jobs.filter((job) => endOf(job) === undefined);
  if (wanted.phase === 'paused') {
    const end = open.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return { ...nothing, apply, end, seen: open.length === 0 ? seen : { ...seen, lookAt: soon } };
  }
  const latest = latestBySlot(sight.jobs);
  const due: KubernetesObject[] = [];
  let next = addSeconds(now, restSeconds);
  for (let slot = 0; slot < wanted.slots; slot++) {
    const job = latest.get(slot);
    const from =
      job === undefined
        ? now
        : refillAt(
            job,
            slots.find((one) => one.slot === slot),
            failuresInARow(sight.jobs, slot),
            now,
          );
    if (from === undefined) continue;
    if (from <= now) due.push(slotJob(wanted, place, slot, job === undefined ? 0 : turnOf(job) + 1));
    else if (from < next) next = from;
  }
  const end = open.filter((job) => isStranded(job, sight.pods, now));
  const moving =
    due.length > 0 ||
    end.length > 0 ||
    slots.some(({ state }) => state === 'waiting' || state === 'unschedulable');
  return { ...nothing, apply, create: due, end, seen: { ...seen, lookAt: moving ? soon : next } };
}

/** Its commands' container ended before it called the worker, which waits for it and sees nothing of that. */
function isStranded(job: SlotJob, pods: readonly SlotPod[], now: Instant): boolean {
  const since = endOfCommands(podOf(job, pods))?.finishedAt;
  return job.metadata.deletionTimestamp === undefined && !!since && addSeconds(since, strandedSeconds) <= now;
}

/** Of a pod whose worker is still there. */
function endOfCommands(pod: SlotPod | undefined) {
  const stateOf = (container: string) =>
    pod?.status.containerStatuses.find(({ name }) => name === container)?.state;
  return stateOf(containers.worker)?.running ? stateOf(containers.command)?.terminated : undefined;
}

/** When a slot may be filled again; undefined while it has a worker. */
function refillAt(job: SlotJob, seen: Slot | undefined, failures: number, now: Instant): Instant | undefined {
  const end = endOf(job);
  if (end === undefined) return undefined;
  // Its chunk was halved, or is failed: the next one has another.
  if (seen?.state !== 'failed' || failures === 0) return now;
  const pause = Math.min(firstPauseSeconds * 2 ** (failures - 1), longestPauseSeconds);
  return addSeconds(end.lastTransitionTime ?? now, pause);
}

/** Of the slot's newest Jobs, up to one that worked for a while or was done. What is seen no more was long ago. */
function failuresInARow(jobs: readonly SlotJob[], slot: number): number {
  const newestFirst = jobs
    .filter(({ metadata }) => numberOf(metadata.labels, slotLabel) === slot)
    .sort((a, b) => turnOf(b) - turnOf(a));
  const other = newestFirst.findIndex((job) => !failedAtOnce(job));
  return other === -1 ? newestFirst.length : other;
}

function failedAtOnce(job: SlotJob): boolean {
  const end = endOf(job);
  if (end?.type !== 'Failed') return false;
  const { startTime } = job.status;
  if (!startTime || !end.lastTransitionTime) return true;
  return secondsBetween(startTime, end.lastTransitionTime) < atOnceSeconds;
}

const endOf = ({ status }: SlotJob) =>
  status.conditions.find(
    ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
  );

const numberOf = (labels: Readonly<Record<string, string>>, name: string): number | undefined => {
  const text = labels[name] ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
};
const turnOf = ({ metadata }: SlotJob): number => numberOf(metadata.labels, turnLabel) ?? 0;

/** Of each slot the Job that filled it last. */
function latestBySlot(jobs: readonly SlotJob[]): ReadonlyMap<number, SlotJob> {
  const latest = new Map<number, SlotJob>();
  for (const job of jobs) {
    const slot = numberOf(job.metadata.labels, slotLabel);
    if (slot === undefined) continue;
    const known = latest.get(slot);
    if (known === undefined || turnOf(known) < turnOf(job)) latest.set(slot, job);
  }
  return latest;
}

/**
 * What is told of slots that the cluster would not have: they have failed, in its words, as if their worker had.
 * @param refused of `create`.
 */
export function refusedSlots(
  { slots, lookAt, namespace }: SlotsPlan['seen'],
  refused: readonly { readonly object: KubernetesObject; readonly why: string }[],
  now: Instant,
): SlotsPlan['seen'] {
  const failed = refused.flatMap(({ object: { metadata }, why }): Slot[] => {
    const slot = numberOf(metadata.labels, slotLabel);
    const restarts = numberOf(metadata.labels, turnLabel) ?? 0;
    const reason = why.slice(0, longestReason);
    return slot === undefined ? [] : [{ slot, state: 'failed', reason, restarts, at: now }];
  });
  const others = slots.filter(({ slot }) => !failed.some((one) => one.slot === slot));
  const all = [...others, ...failed].sort((a, b) => a.slot - b.slot);
  return { namespace, slots: all, lookAt };
}

/** What is told where the cluster would not have the namespace, or what stands in it beside slots. It is asked again when all would be well. */
export const refusedHouse = (seen: SlotsPlan['seen'], why: string, now: Instant): SlotsPlan['seen'] => ({
  ...seen,
  refused: why.slice(0, longestReason),
  lookAt: addSeconds(now, restSeconds),
});

function seenSlots({ jobs, pods, memory }: SlotsSight, now: Instant): Slot[] {
  return [...latestBySlot(jobs)]
    .sort(([a], [b]) => a - b)
    .map(([slot, job]) => {
      const pod = podOf(job, pods);
      const { state, reason } = stateOf(job, pod);
      const why = reason === undefined ? {} : { reason: reason.slice(0, longestReason) };
      const memoryBytes = state === 'running' && pod ? memory[pod.metadata.name] : undefined;
      const use = memoryBytes === undefined ? {} : { memoryBytes };
      return { slot, state, ...why, restarts: turnOf(job), ...use, at: now };
    });
}

function podOf({ metadata: { labels: of } }: SlotJob, pods: readonly SlotPod[]): SlotPod | undefined {
  const own = pods.filter(
    ({ metadata: { labels } }) => labels[slotLabel] === of[slotLabel] && labels[turnLabel] === of[turnLabel],
  );
  // Of several the newest: those before were on nodes that went.
  const [pod] = own.sort((a, b) =>
    (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
  );
  return pod;
}

type State = Pick<Slot, 'state'> & { readonly reason?: string | undefined };
const textOf = ({ reason, message }: { reason?: string | undefined; message?: string | undefined }) =>
  [reason, message].filter(Boolean).join(': ') || undefined;

function stateOf(job: SlotJob, pod: SlotPod | undefined): State {
  const end = endOf(job);
  if (end?.type === 'Complete') return { state: 'succeeded' };
  const statuses = pod ? [...pod.status.initContainerStatuses, ...pod.status.containerStatuses] : [];
  if (end) {
    const killed = statuses.find(({ state }) => state.terminated?.reason === 'OOMKilled');
    // Ours is bounded; where it is killed all the same, that is a failure of ours, and no chunk's.
    if (killed?.name === containers.command) return { state: 'oom-killed', reason: 'OOMKilled: command' };
    const failed = statuses.find(({ state }) => (state.terminated?.exitCode ?? 0) !== 0);
    const { terminated } = failed?.state ?? {};
    const ofContainer = failed && terminated ? `${failed.name}: ${textOf(terminated)}` : undefined;
    return { state: 'failed', reason: ofContainer ?? textOf(end) };
  }
  if (pod === undefined) return { state: 'waiting' };
  const ended = endOfCommands(pod);
  if (ended) return { state: 'failed', reason: `${containers.command}: ${textOf(ended) ?? 'it ended'}` };
  const scheduled = pod.status.conditions.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return { state: 'unschedulable', reason: textOf(scheduled) };
  const stuck = statuses.find(
    ({ state }) => state.waiting !== undefined && state.waiting.reason !== 'PodInitializing',
  );
  if (stuck?.state.waiting)
    return { state: 'waiting', reason: `${stuck.name}: ${textOf(stuck.state.waiting)}` };
  return { state: pod.status.phase === 'Running' ? 'running' : 'waiting' };
}
