/** The last snapshot of a volume is asked of its cluster, which may say no: that is told of, and no failure of the message. */
import { Rejected } from '#core/errors.ts';
import { type LastSnapshot, type Leaving, refusedSnapshot } from '#core/last-snapshot.ts';
import type { DeployDeps } from './deps.ts';

export async function makeSnapshot(
  cluster: Pick<DeployDeps['cluster'], 'apply'>,
  leaving: Leaving,
  last: LastSnapshot,
): Promise<LastSnapshot> {
  if (!last.make) return last;
  try {
    await cluster.apply([last.make]);
    return last;
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return refusedSnapshot(leaving, error.message);
  }
}
