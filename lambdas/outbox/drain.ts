/**
 * Redriving the outbox: its DLQ holds positions in a stream, or entries that could not be read, never the events. So
 * whatever is pending is sent now, and what was set aside is read once more, by the code of this day.
 */
import type { DrainAnswer, DrainRequest } from '#core/drain.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { type SendDeps, send } from './send.ts';

/** What one invocation takes on; the rest is pending still, for reconcile or the next call. */
const pendingLimit = 300;

export async function drain(deps: SendDeps, { entries }: DrainRequest): Promise<DrainAnswer> {
  const aside = await Promise.all(entries.map((ref) => deps.outbox.untold(ref)));
  const pending = await deps.outbox.pending(deps.clock.now(), pendingLimit);
  const known = new Set(pending.map(nameOf));
  const all = [...pending, ...aside.flatMap((entry) => (entry && !known.has(nameOf(entry)) ? [entry] : []))];
  // It is in the DLQ already: what still can't be read is named in the answer, not reported once more.
  const { report: _, ...quietly } = deps;
  const unsent = await send(quietly, all);
  return {
    sent: all.length - unsent.length,
    unsent: unsent.map(({ entry: { environment, id }, reason }) => ({
      environment: environmentId(environment),
      id,
      reason,
    })),
  };
}

const nameOf = ({ environment, id }: { readonly environment: EnvironmentKey; readonly id: string }): string =>
  `${environmentId(environment)} ${id}`;
