/** What the stages need to know of transfers. They are written with environments: core/ports.ts. */
import type { EnvironmentKey, TeamName } from '../names.ts';
import type { Transfer } from './item.ts';

/** What goes from one team to another. It is written with the environments that it is of. */
export interface Transfers {
  /** The newest of an environment, whatever became of it. */
  read(from: EnvironmentKey): Promise<Transfer | undefined>;
  /** What a team is to accept, or has accepted and waits for. It follows what is written after a moment. */
  offeredTo(team: TeamName): Promise<readonly Transfer[]>;
}
