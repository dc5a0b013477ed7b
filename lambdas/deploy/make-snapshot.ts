/** The last snapshot of a volume is asked of its cluster, which may say no: that is told of, and no failure of the message. */
import { type LastSnapshot, type Leaving, refusedSnapshot } from '#core/last-snapshot.ts';
import { refusalOf } from '../runtime/refusal.ts';
import type { DeployDeps } from './deps.ts';

export async function makeSnapshot(
  cluster: Pick<DeployDeps['cluster'], 'apply'>,
  leaving: Leaving,
  last: LastSnapshot,
): Promise<LastSnapshot> {
  const { make } = last;
  if (!make) return last;
  const refused = await refusalOf(() => cluster.apply([make]));
  return refused === undefined ? last : refusedSnapshot(leaving, refused);
}
