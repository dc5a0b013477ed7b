/**
 * The keeper of the slots of one cluster: brings a data job's namespace to what is wanted of it, and says what it sees there. All
 * of it may be done twice: what is there is not made again, and what is ended is named by what it was.
 */
import type { Signal } from '#core/aws-events.ts';
import { Conflict, parse, Rejected } from '#core/errors.ts';
import type { SlotsPlace } from '#core/jobs/slot-objects.ts';
import { planSlots, refusedHouse, refusedSlots, type SlotsPlan } from '#core/jobs/slot-plan.ts';
import type { JobCluster } from '#core/jobs/slot-sight.ts';
import { isLookedAfterSlots, isTurn } from '#core/jobs/slot-turn.ts';
import { JobKey, type Slots, type SlotsSeen } from '#core/jobs/slots.ts';
import { workerSecondsBy } from '#core/jobs/worker-time.ts';
import type { KubernetesObject } from '#core/labels.ts';
import type { Clock } from '#core/ports.ts';
import { log, note } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';
import { refusalOf } from '../runtime/refusal.ts';

export interface JobSlotsDeps {
  readonly slots: Slots;
  readonly cluster: JobCluster;
  readonly clusterName: string;
  readonly place: SlotsPlace;
  readonly clock: Clock;
}

/** Calls of the cluster's API at once: it bounds those of one caller. */
const atOnce = 10;

export function jobSlots({ slots, cluster, clusterName, place, clock }: JobSlotsDeps): Handle {
  return async (signal) => {
    const job = jobOf(signal);
    note({ job: job.name });
    const wanted = await slots.wanted(job);
    if (!wanted) return log.info('nothing is wanted of it');
    if (wanted.cluster !== clusterName)
      throw new Rejected(`${job.name} runs in cluster ${wanted.cluster}, this is ${clusterName}.`);
    const before = await slots.seen(job);
    // It was held up between the two, and would make what was wanted before; nobody need come after it.
    if (before && before.wanted > wanted.version)
      throw new Conflict(`${job.name}: what is wanted turned while somebody read it.`);
    const now = clock.now();
    if (isLookedAfterSlots(before, wanted, now)) return;
    const sight = await cluster.sight(job.name);
    const plan = planSlots(wanted, place, sight, now);
    const { refused, house } = await carryOut(cluster, job, plan);
    const looked = refusedSlots(plan.seen, refused, now);
    const seen: SlotsSeen = {
      ...job,
      cluster: clusterName,
      version: (before?.version ?? 0) + 1,
      at: now,
      wanted: wanted.version,
      workerSeconds: workerSecondsBy(before, sight.pods, now),
      ...(house === undefined ? looked : refusedHouse(looked, house, now)),
    };
    const tell = isTurn(before, seen);
    // At rest, as it was said to be.
    if (tell || seen.lookAt !== undefined || before?.lookAt !== undefined) await slots.see(seen, tell);
    const { create, end, removeNamespace } = plan;
    const made = house === undefined ? create.length - refused.length : 0;
    const counts = { made, refused: refused.length, ended: end.length, ...(house && { house }) };
    log.info('looked at slots', { phase: wanted.phase, ...counts, removeNamespace, told: tell });
  };
}

function jobOf(signal: Signal): JobKey {
  switch (signal.kind) {
    case 'look':
      return parse(JobKey, signal.environment, 'the look');
    case 'told':
      return parse(JobKey, signal.event.environment, signal.event.type);
    default:
      throw new Rejected(
        `Slots are kept by events of jobs and looks, not by ${signal.kind}: is a rule's pattern too wide?`,
      );
  }
}

interface Refused {
  readonly object: KubernetesObject;
  /** In the cluster's words. */
  readonly why: string;
}

interface Outcome {
  /** Each is tried again at the next look, and people see why it has none. */
  readonly refused: readonly Refused[];
  /** Why the cluster would not have the namespace as it should be, or gone: no worker is made in one that is not. */
  readonly house?: string | undefined;
}

async function carryOut(
  cluster: JobCluster,
  { name }: JobKey,
  { apply, create, end, removeNamespace }: SlotsPlan,
): Promise<Outcome> {
  const house = await refusalOf(async () => {
    if (removeNamespace) await cluster.remove(name);
    await cluster.apply(apply);
  });
  await side(end, (job) => cluster.end(job));
  const refused: Refused[] = [];
  if (house !== undefined) return { refused, house };
  await side(create, async (object) => {
    const why = await refusalOf(() => cluster.create(object));
    if (why !== undefined) refused.push({ object, why });
  });
  return { refused };
}

/** Some at a time; the first that fails ends it when those beside it have ended. */
async function side<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < all.length; from += atOnce) {
    const some = all.slice(from, from + atOnce).map(work);
    await Promise.allSettled(some);
    await Promise.all(some);
  }
}
