/**
 * Says that the access service is alive, where it could answer: it asks the cluster and reads the table just as a question
 * would have it, so that silence means the same as no answer to a gate, also while nobody logs in.
 */
import type { Log } from '#adapters/log.ts';
import type { Heartbeat, Tokens } from '#core/access-ports.ts';
import { TeamName } from '#core/names.ts';
import type { PersonKeys } from '#core/ports.ts';

export interface AliveDeps {
  readonly tokens: Tokens;
  readonly keys: Pick<PersonKeys, 'list'>;
  readonly heartbeat: Heartbeat;
  /** A token that is good for nothing here: that the cluster says so is the answer. */
  readonly ownToken: () => Promise<string>;
  readonly log: Log;
}

/** Whether this team is there is all the same: its partition is read as any other's. */
const anyTeam = TeamName.parse('heartbeat');

export async function sayAlive({ tokens, keys, heartbeat, ownToken, log }: AliveDeps): Promise<void> {
  try {
    await Promise.all([ownToken().then((token) => tokens.namespaceOf(token)), keys.list(anyTeam)]);
  } catch (error) {
    return log.error('not told that it is alive: it could answer nobody', error);
  }
  try {
    await heartbeat.beat();
  } catch (error) {
    log.error('nobody was told that it is alive', error);
  }
}
