/** Who is to look at an environment, and when: each stage that it waits for has an instant of its own. */
import type { Look } from './aws-events.ts';
import type { Candidate, Environment, Part, Release } from './environment.ts';
import { unreachable } from './errors.ts';
import type { Stage } from './flow.ts';
import { isOfEnd } from './incident.ts';
import { type Instant, secondsBetween } from './names.ts';
import { releaseStory } from './story.ts';

/** Stages with a queue that takes looks. */
export const lookStages = [
  'build',
  'gate',
  'promote',
  'deploy',
  'dns',
  'remove',
  'jobs',
  'job-slots',
  'job-starts',
  'schedule',
  'pager',
] as const satisfies readonly Stage[];
export type LookStage = (typeof lookStages)[number];

export interface PlannedLook {
  readonly stage: LookStage;
  readonly at: Instant;
}

/** Every look that is planned, in the order of the flow. */
export function plannedLooks(environment: Environment): PlannedLook[] {
  const { life, candidate, release, recheckAt, expiry, hours, leaving, untold, dropping, moved } =
    environment;
  const isThere = life.state === 'running' || life.state === 'stopped';
  const ofImage: Planned[] = [
    [stageOf(candidate), lookAtOf(candidate)],
    ['gate', recheckAt],
    ['deploy', lookAtOf(release)],
    ['dns', release.phase === 'ready' ? release.pointAt : undefined],
    ['schedule', expiry?.warnAt ?? expiry?.at],
    ['schedule', hours?.lookAt],
    ['schedule', leaving?.lookAt],
    ['deploy', moved?.lookAt],
  ];
  const ofDeletion: Planned[] =
    life.state === 'deleting' ? life.left.map((part) => [takesAway[part], life.lookAt]) : [];
  const planned: Planned[] = [
    ...(isThere ? ofImage : ofDeletion),
    // What it left, also when it is gone.
    ['deploy', dropping?.lookAt],
    ['pager', untold[0]?.lookAt],
  ];
  return planned.flatMap(([stage, at]) => (stage && at !== undefined ? [{ stage, at }] : []));
}

type Planned = [LookStage | undefined, Instant | undefined];

/** Who made a part takes it away. */
export const takesAway = { cluster: 'deploy', name: 'dns', repositories: 'remove' } as const satisfies Record<
  Part,
  LookStage
>;

const lookAtOf = (part: Candidate | Release): Instant | undefined =>
  'lookAt' in part ? part.lookAt : undefined;

/** The stage whose news the newest image waits for. */
function stageOf({ phase }: Candidate): LookStage | undefined {
  switch (phase) {
    case 'building':
      return 'build';
    case 'scanning':
    case 'blocked':
    case 'awaiting-approval':
      return 'gate';
    case 'promoting':
      return 'promote';
    case 'build-failed':
    case 'promoted':
    case 'refused':
      return undefined;
    default:
      return unreachable(phase);
  }
}

/** When reconcile is to see it; undefined when nothing is waited for. */
export const nextLookAt = (environment: Environment): Instant | undefined =>
  plannedLooks(environment)
    .map(({ at }) => at)
    .sort()[0];

/** The stages whose instant has come. */
export function stagesToLook(environment: Environment, now: Instant): LookStage[] {
  const due = plannedLooks(environment).filter(({ at }) => at <= now);
  return [...new Set(due.map(({ stage }) => stage))];
}

/** The story that a stage would look for, as part of a look. */
function storyFor(environment: Environment, stage: LookStage): { readonly story?: string } {
  const story =
    stage === 'deploy' || stage === 'dns'
      ? releaseStory(
          environment,
          environment.incidents.filter((incident) => !isOfEnd(incident)),
        )
      : stage === 'pager'
        ? environment.untold[0]?.incident.id
        : environment.stories?.candidate;
  return story === undefined ? {} : { story };
}

export const lookFor = (environment: Environment, stage: LookStage): Look => ({
  kind: 'look',
  environment: environment.key,
  ...storyFor(environment, stage),
});

/** Reconcile comes once a minute; what is due before that is asked for by a delayed message. */
const reconcileSeconds = 60;

export interface EarlyLook {
  readonly stage: LookStage;
  readonly delaySeconds: number;
  readonly story?: string;
}

/** The looks that a change plans: those that were planned before it are on their way already. */
export function looksBeforeReconcile(
  before: readonly PlannedLook[],
  after: Environment,
  now: Instant,
): EarlyLook[] {
  return plannedLooks(after)
    .filter(({ stage, at }) => !before.some((known) => known.stage === stage && known.at === at))
    .map(({ stage, at }) => ({
      stage,
      delaySeconds: Math.max(0, Math.ceil(secondsBetween(now, at))),
      ...storyFor(after, stage),
    }))
    .filter(({ delaySeconds }) => delaySeconds < reconcileSeconds);
}

/** Somebody looked since this look was sent: the next one is set, and two chains of looks become one. */
export const isLookedAfter = (part: Candidate | Release, now: Instant): boolean =>
  (lookAtOf(part) ?? now) > now;
