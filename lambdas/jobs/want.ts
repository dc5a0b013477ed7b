/** What a job wants of its cluster, said where it is another thing than was said before. */
import { Rejected } from '#core/errors.ts';
import type { Database } from '#core/jobs/databases.ts';
import type { Job } from '#core/jobs/job.ts';
import { databasesOf, jobSpecOf } from '#core/jobs/request.ts';
import { isFresh, isNews, sharesOf } from '#core/jobs/share.ts';
import type { SlotsSeen, SlotsWanted } from '#core/jobs/slots.ts';
import { beyondShare, slotsOf } from '#core/jobs/wanted-slots.ts';
import { addSeconds, type Instant } from '#core/names.ts';
import { isSame } from '#core/same.ts';
import type { JobsDeps } from './deps.ts';

export interface Standing {
  readonly wanted: SlotsWanted | undefined;
  readonly seen: SlotsSeen | undefined;
}

export async function standingOf({ slots }: JobsDeps, job: Job): Promise<Standing> {
  const [wanted, seen] = await Promise.all([slots.wanted(job), slots.seen(job)]);
  return { wanted, seen };
}

/** Nobody of them is there any more who could say a last word. */
export const workersAreGone = ({ wanted, seen }: Standing): boolean =>
  wanted === undefined ||
  (wanted.phase === 'ending' && seen?.namespace === 'gone' && seen.wanted >= wanted.version);

/** Longer than a look at the cluster takes, with its message on the way. */
const patienceSeconds = 30;

/** Whether what is wanted, or a look that was planned, was not heard of: its event was lost. */
export function slotsAreLate({ wanted, seen }: Standing, now: Instant): boolean {
  if (wanted === undefined) return false;
  if ((seen?.wanted ?? 0) < wanted.version) return addSeconds(wanted.at, patienceSeconds) < now;
  return seen?.lookAt !== undefined && addSeconds(seen.lookAt, patienceSeconds) < now;
}

/**
 * What workers are told, and where its databases are. One that the configuration has no more stays where it was for who reads it.
 * @throws Rejected where it was never told.
 */
function told({ place, database }: JobsDeps, { team, name, request }: Job, before: SlotsWanted | undefined) {
  const databases: Database[] = [];
  for (const asked of databasesOf(request)) {
    const found = database(team, asked);
    if (found) {
      databases.push(found);
      continue;
    }
    if (before) return { spec: before.spec, ...(before.reach && { reach: before.reach }) };
    throw new Rejected(
      `Team ${team} has no database ${asked} any more, and ${name} needs it: cancel the job, or name it again.`,
    );
  }
  const spec = jobSpecOf(request, { team, name }, { resultsBucket: place.bucket, databases });
  if (databases.length === 0) return { spec };
  return { spec, reach: databases.map(({ network, port }) => ({ cidr: network, port })) };
}

/**
 * Whether its queue and the identity of its workers are made for what it wants. That would outlive a job that ends meanwhile, so whoever
 * makes it holds the job; all else that is wanted is refused where it ended, by the version of what was wanted before.
 */
export function makes(job: Job, before: SlotsWanted | undefined): boolean {
  const { phase, slots } = slotsOf(job);
  return phase === 'running' && before?.phase !== 'running' && (before !== undefined || slots > 0);
}

/** Of the slots that it wants those that it may have beside the other jobs of its cluster, once they know what it could use. */
async function shareOf({ demands, sharing, clock }: JobsDeps, job: Job): Promise<number> {
  const { slots } = slotsOf(job);
  const rules = sharing(job.cluster);
  if (rules === undefined) return slots;
  const beyond = Math.min(beyondShare(job), slots);
  const { cluster, team, name, request } = job;
  const [at, workers] = [clock.now(), slots - beyond];
  const own = { cluster, team, name, priority: request.priority, workers, at };
  const said = await demands.of(cluster);
  const before = said.find((one) => one.name === name);
  if (isNews(own, before)) await demands.say(own);
  const others = said.filter((one) => one.name !== name && isFresh(one, at));
  return beyond + (sharesOf([...others, own], rules).get(name) ?? 0);
}

/** @throws Conflict where somebody else said something meanwhile. */
export async function want(deps: JobsDeps, job: Job, before: SlotsWanted | undefined): Promise<void> {
  const { slots, queues, identities, place, clock } = deps;
  const { phase, slots: couldUse } = slotsOf(job);
  const count = await shareOf(deps, job);
  const next = { version: (before?.version ?? 0) + 1, at: clock.now() };
  if (phase === 'ending' || (before === undefined && count === 0)) {
    // Where nothing was ever wanted, nothing is there.
    if (before === undefined || before.phase === phase) return;
    return slots.want({ ...before, ...next, phase, slots: 0 });
  }
  const { resources, spot, priority, nodePool, image } = job.request;
  const wanted: SlotsWanted = {
    team: job.team,
    name: job.name,
    cluster: job.cluster,
    ...next,
    phase,
    slots: count,
    ...(count < couldUse && { couldUse }),
    ...(image !== undefined && { image: `${place.registry}/${image}` }),
    resources,
    spot,
    priority,
    ...(nodePool !== undefined && { nodePool }),
    ...told(deps, job, before),
    queueUrl: before === undefined || makes(job, before) ? await queues.make(job.name) : before.queueUrl,
    table: place.table,
  };
  const known = before && { ...before, ...next };
  if (isSame(known, wanted)) return;
  // Before the first worker: it is known in the cluster some seconds later.
  if (before?.phase !== 'running') await identities.make(wanted);
  await slots.want(wanted);
}
