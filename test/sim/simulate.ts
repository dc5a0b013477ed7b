/** One seed: a storm, then calm, then the truth. The same seed is the same story, step by step. */
import { Config } from '#core/config.ts';
import type { Environment } from '#core/environment.ts';
import { addSeconds, EnvironmentKey, type TeamName } from '#core/names.ts';
import { Broken } from './broken.ts';
import { Cloud } from './cloud.ts';
import { checkEnding } from './ending.ts';
import { areQuiet, checkJobs, endOfJob } from './jobs/ending.ts';
import { JobPeople } from './jobs/people.ts';
import { planContest } from './jobs/shares/people.ts';
import { StandingPeople } from './jobs/standing/people.ts';
import type { JobsWorld } from './jobs/world.ts';
import { Nature } from './nature.ts';
import { People } from './people.ts';
import { Random } from './random.ts';
import { planRefused } from './refused.ts';
import { keepingOf, planSnapshots } from './snapshots.ts';
import { planTimes } from './timetable.ts';
import { planTransfer, transferOf } from './transfers.ts';
import { keepingVolumes } from './volumes.ts';
import { planWaivers } from './waivers.ts';

export interface Outcome {
  readonly seed: number;
  readonly faults: Readonly<Record<string, number>>;
  /** The phases in which the environments ended. */
  readonly endings: readonly string[];
  /** The invariant that broke. */
  readonly broken?: string;
}

/** Longer than all that is waited for but the hourly recheck of what runs, which some seeds wait for as well. */
const calmSeconds = 2600;
const longCalmSeconds = 4500;
/** A story has some thousands: one that turns on the spot is stopped, at the same step whenever it is told. */
const maxSteps = 100_000;
/** Of five minutes each; a story that never comes to rest is one that breaks. */
const extensions = 24;
const quietSeconds = 900;
/** What of a seed is decided apart: who has data jobs has neither calmer nor wilder storms than others. */
const streams = {
  config: 1,
  jobs: 2,
  shares: 3,
  refused: 4,
  waivers: 5,
  times: 6,
  transfers: 7,
  snapshots: 8,
} as const;
/** Data jobs cost as much as all else together. */
const shareWithJobs = 1 / 3;
/** People ask for jobs; jobs start by themselves; or several teams want more workers than there are. */
export type JobStory = 'asked for' | 'standing' | 'competing';
const jobStories: readonly JobStory[] = ['asked for', 'asked for', 'standing', 'standing', 'competing'];

export async function simulate(seed: number, trace?: (line: string) => void): Promise<Outcome> {
  const random = new Random(seed, streams.config);
  const story = jobsOf(seed);
  const { config, keys } = configOf(random, othersOf(seed, story));
  let step = 0;
  const told = (line: string): void => {
    step += 1;
    trace?.(`${cloud?.timeline.now() ?? ''} ${step} ${line}`);
  };
  const cloud: Cloud = new Cloud(seed, config, told, story !== undefined);
  const people = new People(cloud, new Nature(cloud), config, keys);
  const storm = random.between(600, 1800);
  people.plan(storm);
  const refused = story === undefined ? planOthers(seed, cloud, people, storm) : [];
  planJobs(story, cloud.data, teamsOf(config), storm);
  const { timeline, faults, oracle } = cloud;
  const pass = async (seconds: number): Promise<void> => {
    const end = timeline.milliseconds + seconds * 1000;
    while (timeline.milliseconds < end && !oracle.broken) {
      if (step > maxSteps) throw new Broken('it never comes to an end');
      await timeline.until(Math.min(end, timeline.milliseconds + 300_000), cloud.trace);
    }
  };
  const broken = await brokenBy(async () => {
    await pass(storm);
    faults.end(timeline.now());
    cloud.trace('the storm is over');
    if (random.chance(0.7)) cloud.deliveries.redrive();
    await pass(random.chance(0.2) ? longCalmSeconds : calmSeconds);
    cloud.deliveries.redrive();
    await pass(120);
    // What a recheck began late is on its way still.
    for (let i = 0; i < extensions && !isQuiet(cloud); i++) await pass(300);
    if (oracle.broken) throw oracle.broken;
    await checkEnding(cloud, people, refused);
    await checkJobs(cloud.data);
  });
  if (broken) cloud.trace(`BROKEN: ${broken}`);
  const endings = [
    ...oracle.environments.map((id) => endOf(oracle.notesOf(id).last)),
    ...cloud.data.oracle.jobs.map(endOfJob),
  ];
  return {
    seed,
    faults: Object.fromEntries(faults.counts),
    endings,
    ...(broken === undefined ? {} : { broken }),
  };
}

/** By a chance of its own: what the other seeds tell has nothing to do with it. */
export function jobsOf(seed: number): JobStory | undefined {
  const random = new Random(seed, streams.jobs);
  return random.chance(shareWithJobs) ? random.pick(jobStories) : undefined;
}

/** What seeds without data jobs tell of beside. @returns what is asked for and never granted. */
function planOthers(seed: number, cloud: Cloud, people: People, seconds: number): readonly EnvironmentKey[] {
  const streamOf = (name: keyof typeof streams) => new Random(seed, streams[name]);
  planWaivers(cloud, people.keys, streamOf('waivers'), seconds);
  const times = streamOf('times');
  for (const key of people.keys) planTimes(cloud, people.member(key.team), key, times, seconds);
  const transfer = transferOf(streamOf('transfers'));
  if (transfer) planTransfer(cloud, people, transfer, seconds);
  const keeping = keepingOf(streamOf('snapshots'));
  if (keeping) planSnapshots(cloud, people, keeping, seconds);
  return planRefused(cloud, people, streamOf('refused'), seconds);
}

function planJobs(
  story: JobStory | undefined,
  data: JobsWorld,
  teams: readonly TeamName[],
  seconds: number,
): void {
  if (story === undefined) return;
  const counts = story === 'asked for' ? [1, 1, 1, 2, 3] : [0, 0, 1];
  const people = new JobPeople(data);
  people.plan(teams, seconds, counts);
  if (story === 'standing') {
    const team = new StandingPeople(data).plan(teams, seconds);
    people.tend(team, 0, seconds);
  }
  if (story === 'competing') planContest(data, teams, seconds);
}

/** Nobody's image or rollout has turned for a while, and people were told of what was found. */
function isQuiet({ oracle, timeline, data }: Cloud): boolean {
  if (!areQuiet(data)) return false;
  const before = addSeconds(timeline.now(), -quietSeconds);
  return oracle.environments.every((id) => {
    const { candidate, life, release, untold = [] } = oracle.notesOf(id).last ?? {};
    if (untold.length > 0 || life?.state === 'deleting') return false;
    const turns = [candidate?.since, release && 'since' in release ? release.since : undefined];
    return turns.every((since) => since === undefined || since < before);
  });
}

const endOf = (environment: Environment | undefined): string => {
  const kinds =
    environment?.incidents
      .map(({ kind }) => ` + ${kind}`)
      .sort()
      .join('') ?? '';
  if (environment?.life.state === 'deleted') return 'deleted';
  return `${environment?.candidate.phase} / ${environment?.release.phase}${kinds}`;
};

async function brokenBy(story: () => Promise<void>): Promise<string | undefined> {
  try {
    await story();
    return undefined;
  } catch (error) {
    return error instanceof Broken
      ? error.message
      : `the simulation itself failed: ${error instanceof Error ? error.stack : String(error)}`;
  }
}

const teamsOf = ({ teams }: Config) => teams.map(({ name }) => name);

interface Rivals {
  /** With nothing but data jobs. */
  readonly teams: readonly string[];
  readonly weightOf: (team: string) => number;
  /** Of each cluster, for data jobs. */
  readonly workers: number;
  /** Classes of volumes; without them those that every cluster has. */
  readonly volumes?: readonly unknown[];
}
const alone: Rivals = { teams: [], weightOf: () => 1, workers: 3 };
/** There is always another team that something may go to. */
const heirs: Rivals = { ...alone, teams: ['search'] };

function othersOf(seed: number, story: JobStory | undefined): Rivals {
  if (story === 'competing') return rivalsOf(seed);
  if (story !== undefined) return alone;
  const handing = transferOf(new Random(seed, streams.transfers));
  const keeping = keepingOf(new Random(seed, streams.snapshots));
  return { ...(handing ? heirs : alone), ...(keeping && { volumes: keepingVolumes }) };
}

function rivalsOf(seed: number): Rivals {
  const random = new Random(seed, streams.shares);
  const teams = ['analytics', 'search'].slice(0, random.whole(1, 2));
  const weights = new Map(
    ['checkout', 'payments', ...teams].map((team) => [team, random.pick([1, 1, 2, 3])]),
  );
  return { teams, weightOf: (team) => weights.get(team) ?? 1, workers: random.whole(1, 5) };
}

/** One to three environments of one or two teams, in one or two clusters. */
function configOf(random: Random, rivals: Rivals): { config: Config; keys: readonly EnvironmentKey[] } {
  const names = ['checkout', 'payments'].slice(0, random.whole(1, 2));
  const clusters = ['main', 'second'].slice(0, random.whole(1, 2));
  const environments = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, (_, i) => ({
    team: random.pick(names),
    name: `web-${i}`,
    cluster: random.pick(clusters),
  }));
  const config = Config.parse({
    dns: { zone: 'schwifty.example' },
    clusters: clusters.map((name) => ({
      name,
      kubernetesVersion: '1.36',
      jobWorkers: rivals.workers,
      ...(rivals.volumes && { volumes: rivals.volumes }),
    })),
    teams: [...names, ...rivals.teams].map((name) => ({
      name,
      members: `${name}-members`,
      approvers: `${name}-approvers`,
      jobWeight: rivals.weightOf(name),
    })),
    // The repositories of the others come and go with them.
    environments: environments.filter(() => random.chance(0.5)),
    catalog: {
      bases: [{ name: 'debian-12', repository: 'base/debian', tag: 'bookworm', takes: ['pip', 'npm'] }],
    },
    policy: { version: '1', block: ['CRITICAL', 'HIGH'], maxScanAgeHours: 24, maxRemediations: 2 },
  });
  return { config, keys: environments.map(({ team, name }) => EnvironmentKey.parse({ team, name })) };
}
