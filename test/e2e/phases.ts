/** Waiting for what becomes of an environment, as its people see it through the API. */
import { until } from '#local/demo/world.ts';
import type { Client } from '../../api/client/client.ts';

/** Waits for one of its phases; the last answer tells what came instead. */
export async function comes(client: Client, id: string, phase: string, seconds: number) {
  let seen = '';
  return until(
    `${id} ${phase}`,
    seconds,
    async () => {
      const answer = await client.get(id);
      const { candidate, release } = answer.environment;
      seen = `${answer.phase}: ${answer.history.at(-1)?.what} ${JSON.stringify({ candidate, release })}`;
      return answer.phase === phase ? answer : undefined;
    },
    () => seen,
  );
}
