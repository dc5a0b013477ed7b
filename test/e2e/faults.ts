/** The faults of the local cloud's EventBridge (local/aws/emulator/faults.py): events lost, doubled, late. */
import * as z from '#core/zod.ts';
import { adminAuthorization as authorization } from '#local/aws/emulator.ts';
import { cloud } from './cloud.ts';

export interface EventFault {
  readonly source: string;
  readonly detailType: string;
  /** A text that the event's detail must hold: an environment's name. */
  readonly holds: string;
  readonly fault: 'drop' | 'double' | 'delay';
  /** Of a delay. */
  readonly seconds?: number;
  /** The name of the queue on whose way it falls; absent: the first of all that the event goes to. */
  readonly queue?: string;
}

const Rules = z.object({
  rules: z.array(z.object({ holds: z.string(), taken: z.int(), delivered: z.int(), waiting: z.int() })),
});

async function call(method: 'GET' | 'POST' | 'DELETE', body?: EventFault): Promise<unknown> {
  const answer = await fetch(`${cloud.aws}/_local/faults/events`, {
    method,
    headers: { authorization },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok)
    throw new Error(`${method} faults/events answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** Befalls the next delivery of the event, once. */
export const befall = (fault: EventFault): Promise<unknown> => call('POST', fault);

/** What became of an environment's fault: events that it took, messages that it sent on, and those nobody handled yet. */
export async function befallen(
  holds: string,
): Promise<{ taken: number; delivered: number; waiting: number }> {
  const { rules } = Rules.parse(await call('GET'));
  const [rule, ...others] = rules.filter((each) => each.holds === holds);
  if (rule === undefined || others.length > 0) throw new Error(`not one fault is about ${holds}`);
  const { taken, delivered, waiting } = rule;
  return { taken, delivered, waiting };
}

export const noMoreFaults = (): Promise<unknown> => call('DELETE');
