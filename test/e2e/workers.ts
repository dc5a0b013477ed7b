/** Workers of a data job as its namespace has them, and how one of them is lost. */
import * as z from '#core/zod.ts';
import { kubectl } from './kubectl.ts';

const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({
        phase: z.string(),
        conditions: z._default(
          z.array(z.object({ status: z.string(), message: z.optional(z.string()) })),
          [],
        ),
      }),
    }),
  ),
});

interface Worker {
  readonly name: string;
  readonly phase: string;
  /** It does not run, or is not Ready, in the cluster's words. */
  readonly why: string | undefined;
}

export async function podsOf(namespace: string): Promise<Worker[]> {
  const found = await kubectl('--namespace', namespace, 'get', 'pods', '--output', 'json');
  return Pods.parse(JSON.parse(found)).items.map(({ metadata: { name }, status: { phase, conditions } }) => {
    const why = conditions.find(
      ({ status, message }) => status === 'False' && message !== undefined,
    )?.message;
    return { name, phase, why };
  });
}

export const runningPods = async (namespace: string): Promise<string[]> =>
  (await podsOf(namespace)).flatMap(({ name, phase }) => (phase === 'Running' ? [name] : []));

/**
 * Any of them, at once, and without a word to it; none where none runs, or where it ended before it could be killed.
 * @param named what its pod's name begins with.
 */
export async function killAWorker(namespace: string, named = 'slot-'): Promise<void> {
  const running = (await runningPods(namespace)).filter((name) => name.startsWith(named));
  const victim = running[Math.floor(Math.random() * running.length)];
  if (!victim) return;
  const atOnce = ['--grace-period=0', '--force', '--ignore-not-found'];
  await kubectl('--namespace', namespace, 'delete', 'pod', victim, ...atOnce);
}
