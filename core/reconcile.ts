/** Which stages should look at an environment that is due: the ones whose news it waits for. */
import type { Environment } from './environment.ts';
import { unreachable } from './errors.ts';
import type { Stage } from './flow.ts';
import { type Instant, secondsBetween } from './names.ts';

/** Stages with a queue that takes looks. */
export type LookStage = Extract<Stage, 'build' | 'gate' | 'promote' | 'deploy'>;

export function stagesToLook({ candidate, release }: Environment): LookStage[] {
  const stage = candidateStage(candidate.phase);
  return [...(stage ? [stage] : []), ...(release.phase === 'none' ? [] : ['deploy' as const])];
}

function candidateStage(phase: Environment['candidate']['phase']): LookStage | undefined {
  switch (phase) {
    case 'building':
      return 'build';
    case 'scanning':
      return 'gate';
    case 'promoting':
      return 'promote';
    case 'build-failed':
    case 'blocked':
    case 'awaiting-approval':
    case 'promoted':
    case 'refused':
      return undefined;
    default:
      return unreachable(phase);
  }
}

/** Reconcile comes once a minute; what is due before that is asked for by a delayed message. */
const reconcileSeconds = 60;

export function looksBeforeReconcile(
  environment: Environment,
  now: Instant,
): { stage: LookStage; delaySeconds: number }[] {
  if (environment.lookAt === undefined) return [];
  const delaySeconds = Math.max(0, Math.ceil(secondsBetween(now, environment.lookAt)));
  return delaySeconds < reconcileSeconds
    ? stagesToLook(environment).map((stage) => ({ stage, delaySeconds }))
    : [];
}

/** Somebody looked since this look was sent: the next one is set, and two chains of looks become one. */
export const isLookedAfter = ({ lookAt }: Environment, now: Instant): boolean =>
  lookAt !== undefined && lookAt > now;
