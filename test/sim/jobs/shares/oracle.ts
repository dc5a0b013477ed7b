/**
 * What must hold of shares: once each job of a cluster has looked since the last one said what it could use, they have together what there
 * is, each team by its weight and each job by its priority. Said in other words than core/jobs/share.ts says it.
 */
import type { Job } from '#core/jobs/job.ts';
import type { Priority } from '#core/jobs/priority.ts';
import type { Demand, Sharing } from '#core/jobs/share.ts';
import type { SlotsWanted } from '#core/jobs/slots.ts';
import { addSeconds, type Instant, secondsBetween } from '#core/names.ts';
import { must } from '../../broken.ts';
import type { Invocation } from '../../faults.ts';
import type { Around } from '../around.ts';

/** By then a job that says nothing has gone; clocks of functions differ by some seconds. */
const goneSeconds = { from: 590, to: 610 } as const;

interface Has extends Pick<Demand, 'name' | 'team' | 'priority' | 'workers'> {
  readonly has: number;
}

interface Look {
  readonly step: number;
  readonly at: Instant;
}

export class ShareOracle {
  readonly #cloud: Around;
  readonly #sharing: (cluster: string) => Sharing | undefined;
  readonly #said = new Map<string, Demand>();
  readonly #wanted = new Map<string, SlotsWanted>();
  /** What happened, in its order. */
  #step = 0;
  /** Of clusters: when a job said another thing than before. */
  readonly #turned = new Map<string, number>();
  /** Of jobs: when who looked last, to its end, had read what others say. */
  readonly #looked = new Map<string, Look>();
  readonly #reading = new WeakMap<Invocation, Look>();
  readonly #began = new WeakMap<Invocation, number>();
  /** What they said counts no more: another said something later. */
  readonly #tooLate = new WeakSet<Invocation>();
  /** Of jobs: who said or wanted something, and when. */
  readonly #touched = new Map<string, { readonly step: number; readonly by: Invocation }[]>();

  constructor(cloud: Around, sharing: (cluster: string) => Sharing | undefined) {
    this.#cloud = cloud;
    this.#sharing = sharing;
  }

  said(demand: Demand, invocation: Invocation): void {
    this.#touch(demand, invocation);
    const before = this.#said.get(demand.name);
    if (before !== undefined && before.at > demand.at) {
      this.#tooLate.add(invocation);
      return;
    }
    this.#said.set(demand.name, demand);
    const isSame = before?.workers === demand.workers && before.priority === demand.priority;
    // Others may have taken it for gone.
    const isBack = before !== undefined && secondsBetween(before.at, demand.at) > goneSeconds.from;
    if (!isSame || isBack) this.#turned.set(demand.cluster, ++this.#step);
  }

  /** By what its writer had read, which may be older than what another one looked at. */
  wanted(wanted: SlotsWanted, invocation: Invocation): void {
    this.#touch(wanted, invocation);
    this.#wanted.set(wanted.name, wanted);
    const read = this.#reading.get(invocation);
    // It goes by what it said all the same: who comes next sees what is so.
    if (this.#tooLate.has(invocation)) this.#looked.delete(wanted.name);
    else if (read) this.#looked.set(wanted.name, read);
  }

  /** What was read before it failed says nothing of its next try, which may find that nothing is due. */
  looks(invocation: Invocation): void {
    this.#reading.delete(invocation);
    this.#began.set(invocation, ++this.#step);
  }

  #touch({ name }: Pick<Demand, 'name'>, by: Invocation): void {
    this.#touched.set(name, [...(this.#touched.get(name) ?? []), { step: ++this.#step, by }]);
  }

  /** One that was held up went by what had been said and wanted before: who comes next sees what is so. */
  #isOvertaken({ name }: Job, invocation: Invocation): boolean {
    const began = this.#began.get(invocation) ?? 0;
    return (this.#touched.get(name) ?? []).some(({ step, by }) => by !== invocation && step > began);
  }

  read(invocation: Invocation): void {
    this.#reading.set(invocation, { step: ++this.#step, at: this.#cloud.timeline.now() });
  }

  /** @param job that it was about, and brought to its end. */
  looked(job: Job, invocation: Invocation): void {
    const read = this.#reading.get(invocation);
    if (read === undefined) return;
    const isNewer = read.step > (this.#looked.get(job.name)?.step ?? 0);
    // Whose clock is behind another's is not heard until it is past it: what others read is not what it goes by.
    if (this.#tooLate.has(invocation)) this.#looked.delete(job.name);
    else if (isNewer && !this.#isOvertaken(job, invocation)) this.#looked.set(job.name, read);
    this.#cloud.oracle.hold(() => this.#check(job.cluster));
  }

  /** What a job that has ended could use still, as others read it. */
  left({ name }: Job): number {
    const said = this.#said.get(name);
    return said !== undefined && this.#age(said) < goneSeconds.to ? said.workers : 0;
  }

  #age = ({ at }: Demand): number => secondsBetween(at, this.#cloud.timeline.now());

  #check(cluster: string): void {
    const sharing = this.#sharing(cluster);
    const turned = this.#turned.get(cluster) ?? 0;
    const all = [...this.#said.values()].filter((one) => one.cluster === cluster && one.workers > 0);
    const ages = all.map(this.#age);
    if (sharing === undefined || ages.some((age) => age >= goneSeconds.from && age <= goneSeconds.to)) return;
    const fresh = all.filter((_, i) => (ages[i] ?? 0) < goneSeconds.from);
    const gone = all.filter((one) => !fresh.includes(one)).map(({ at }) => addSeconds(at, goneSeconds.to));
    const haveLooked = fresh.every(({ name }) => {
      const look = this.#looked.get(name);
      return look !== undefined && look.step > turned && gone.every((at) => look.at > at);
    });
    if (!haveLooked) return;
    const wrong = whyUnfair(
      fresh.map((one) => ({ ...one, has: this.#wanted.get(one.name)?.slots ?? 0 })),
      sharing,
    );
    must(wrong === undefined, `shares of ${cluster}: ${wrong}`);
  }
}

/** @param jobs that could use some workers. */
function whyUnfair(jobs: readonly Has[], { workers, weightOf }: Sharing): string | undefined {
  const [has, wants] = [sum(jobs.map((job) => job.has)), sum(jobs.map((job) => job.workers))];
  if (has !== Math.min(workers, wants))
    return `they have ${has} of ${workers} workers, and could use ${wants}`;
  const greedy = jobs.find((job) => job.has > job.workers);
  if (greedy) return `${greedy.name} has ${greedy.has} workers, and could use ${greedy.workers}`;
  const teams = [...Map.groupBy(jobs, ({ team }) => team)].map(([team, own]) => ({
    team,
    weight: weightOf(team),
    has: sum(own.map((job) => job.has)),
    wants: sum(own.map((job) => job.workers)),
    oldest: own.map(({ name }) => name).sort()[0] ?? '',
    wrong: whyUnfairWithin(own),
  }));
  for (const { team, oldest } of teams.filter((one) => one.has === 0))
    for (const other of teams)
      if (other.has > 0 && other.oldest > oldest)
        return `team ${team} has none since ${oldest}, and ${other.team} has one since ${other.oldest}`;
  for (const poor of teams.filter((team) => team.has < team.wants))
    for (const rich of teams)
      if ((rich.has - 1) / rich.weight > poor.has / poor.weight)
        return `team ${rich.team} has ${rich.has} at weight ${rich.weight}, and ${poor.team} ${poor.has} at ${poor.weight}`;
  return teams.find(({ wrong }) => wrong !== undefined)?.wrong;
}

const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0);
const rankOf = (priority: Priority): number => ['low', 'normal', 'high'].indexOf(priority);

function whyUnfairWithin(jobs: readonly Has[]): string | undefined {
  for (const poor of jobs.filter((job) => job.has < job.workers))
    for (const rich of jobs) {
      const isLower = rankOf(rich.priority) < rankOf(poor.priority) && rich.has > 0;
      const isRicher = rich.priority === poor.priority && rich.has - 1 > poor.has;
      if (isLower || isRicher)
        return `${rich.name} (${rich.priority}) has ${rich.has}, and ${poor.name} (${poor.priority}) ${poor.has} of its team`;
    }
  return undefined;
}
