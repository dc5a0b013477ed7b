/** For how long a job's workers had room on nodes, whatever they did there: what it costs. It is added up look by look. */
import { type Instant, secondsBetween } from '../names.ts';
import type { SlotPod } from './slot-sight.ts';
import type { SlotsSeen } from './slots.ts';

/** All of it. Looks touch, so nothing counts twice; of a pod that was deleted, what came behind the last look at it does not count. */
export function workerSecondsBy(
  before: Pick<SlotsSeen, 'at' | 'workerSeconds'> | undefined,
  pods: readonly SlotPod[],
  now: Instant,
): number {
  const since = pods.map((pod) => secondsOf(pod, before?.at, now)).reduce((a, b) => a + b, 0);
  return Math.round(((before?.workerSeconds ?? 0) + since) * 1000) / 1000;
}

function secondsOf({ status }: SlotPod, from: Instant | undefined, now: Instant): number {
  const begun = status.startTime;
  if (!begun) return 0;
  const begin = from === undefined || secondsBetween(from, begun) > 0 ? begun : from;
  const isOver = status.phase === 'Succeeded' || status.phase === 'Failed';
  return Math.max(0, secondsBetween(begin, isOver ? endOf(status, begin) : now));
}

/** The last of its containers; where none says when, it has ended since nobody knows when, and no more is counted. */
function endOf({ containerStatuses, initContainerStatuses }: SlotPod['status'], begin: Instant): Instant {
  const ends = [...initContainerStatuses, ...containerStatuses].flatMap(
    ({ state }) => state.terminated?.finishedAt ?? [],
  );
  return ends.reduce((last, end) => (secondsBetween(last, end) > 0 ? end : last), begin);
}
