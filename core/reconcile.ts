/** Which stages should look at an environment that is due: the ones whose news it waits for. */
import type { Environment } from './environment.ts';
import { unreachable } from './errors.ts';
import type { Stage } from './flow.ts';

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
