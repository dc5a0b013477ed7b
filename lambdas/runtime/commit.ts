/** The last step of a stage: what was decided is written, tied to the message that asked for it, and measured. */
import { causedBy, type Decision } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { measuresOf } from '#core/measures.ts';
import { environmentId } from '#core/names.ts';
import type { Enclosed, EnvironmentStore } from '#core/ports.ts';
import { note } from './log.ts';
import { measure } from './metrics.ts';

/** @throws Conflict as the store does. */
export async function commit(
  store: Pick<EnvironmentStore, 'write'>,
  before: Environment,
  decision: Decision | undefined,
  cause: string | undefined,
  enclosed?: Enclosed,
): Promise<void> {
  note({ environment: environmentId(before.key), story: decision && storyOf(decision) });
  if (decision?.outcome !== 'changed') return;
  await store.write(causedBy(decision, cause), enclosed);
  measure(measuresOf(before, decision));
}

const storyOf = (decision: Decision): string | undefined =>
  decision.outcome === 'changed' ? decision.audit?.story : undefined;

/** From the environment, for messages of AWS: they know of no story. */
export const noteStory = ({ stories }: Environment): void => note({ story: stories?.candidate });
