/**
 * What people do with a DLQ: see it, read it with the reason of each message, do its messages again. Reading holds
 * messages for some seconds and gives them back; redriving sends first and deletes then, so that a crash in between
 * makes a message come twice, never not at all. Why not SQS's own StartMessageMoveTask: docs/adr/0010.
 */
import { namedEntry, reasonOf, shortened } from '#core/dead-letter.ts';
import { addSeconds, type Instant } from '#core/names.ts';
import type { Clock, DeadLetterQueues, Failures, HeldMessage, OutboxDrain } from '#core/ports.ts';
import type { DlqAnswer, DlqsAnswer, RedriveAnswer } from './answers.ts';
import { ProblemError } from './problem.ts';
import type { RedriveRequest } from './schemas.ts';

export interface DeadLetterDeps {
  readonly deadLetters: DeadLetterQueues;
  readonly failures: Pick<Failures, 'failure'>;
  readonly outbox: OutboxDrain;
  readonly clock: Clock;
}

/** How long others don't see what is read: longer than it takes, short enough not to be missed after a crash. */
const readingSeconds = 20;
const redrivingSeconds = 60;
/** What one request takes on; the client asks again while there is more. */
const messagesRead = 50;
const messagesRedriven = 100;
/** Below the gateway's thirty. */
const timeSeconds = 15;

export async function listDlqs({ deadLetters }: DeadLetterDeps): Promise<DlqsAnswer> {
  const queues = await Promise.all(
    deadLetters.places.map(async ({ name, remedy, note }) => {
      const messages = await deadLetters.count(name);
      const seen = messages > 0 ? await peek(deadLetters, name, 10) : [];
      const oldestAt = oldest(seen);
      return { name, messages, remedy, ...(oldestAt && { oldestAt }), ...(note && { note }) };
    }),
  );
  return { queues };
}

const oldest = (messages: readonly HeldMessage[]): Instant | undefined =>
  messages.map(({ sentAt }) => sentAt).sort()[0];

export async function showDlq(deps: DeadLetterDeps, name: string): Promise<DlqAnswer> {
  const { deadLetters, failures } = deps;
  const { remedy, note } = placeOf(deps, name);
  const seen = await peek(deadLetters, name, messagesRead);
  const messages = await Promise.all(
    seen.map(async (message) => {
      const failure = message.movedBySqs ? await failures.failure(message.id) : undefined;
      const { kind, text } = reasonOf(message, failure);
      const { id, sentAt, body } = message;
      return { id, sentAt, why: kind, reason: shortened(text, 1000), body: shortened(body) };
    }),
  );
  messages.sort((a, b) => (a.sentAt < b.sentAt ? -1 : 1));
  return { name, remedy, ...(note && { note }), messages, more: seen.length >= messagesRead };
}

/** Held only as long as the reading takes; given back also where the reading fails halfway. */
async function peek(queues: DeadLetterQueues, name: string, limit: number): Promise<HeldMessage[]> {
  const held: HeldMessage[] = [];
  try {
    while (held.length < limit) {
      const some = await queues.receive(name, readingSeconds);
      if (some.length === 0) break;
      held.push(...some);
    }
    return held;
  } finally {
    await giveBack(queues, name, held);
  }
}

/** What can't be given back comes back by itself when its time is over: nobody has to be told. */
const giveBack = (queues: DeadLetterQueues, name: string, held: readonly HeldMessage[]) =>
  Promise.allSettled(held.map((message) => queues.release(name, message)));

function placeOf({ deadLetters }: DeadLetterDeps, name: string) {
  const place = deadLetters.places.find((entry) => entry.name === name);
  if (place) return place;
  const names = deadLetters.places.map((entry) => entry.name).join(', ');
  throw new ProblemError(404, 'No such DLQ', `There is no DLQ ${name}: there are ${names}.`);
}

interface Failed {
  readonly id: string;
  readonly reason: string;
}

export async function redriveDlq(
  deps: DeadLetterDeps,
  name: string,
  { ids, before = deps.clock.now() }: RedriveRequest,
): Promise<RedriveAnswer> {
  const { remedy, note } = placeOf(deps, name);
  if (remedy === 'none')
    throw new ProblemError(409, "Can't be redriven", note ?? `What is in ${name} is for people alone.`);
  const { chosen, others, more } = await collect(deps, name, ids, before);
  await giveBack(deps.deadLetters, name, others);
  const failed = await doAgain(deps, name, remedy, chosen);
  const notDone = new Map(failed.map(({ id, reason }) => [id, reason]));
  await giveBack(
    deps.deadLetters,
    name,
    chosen.filter(({ id }) => notDone.has(id)),
  );
  const found = new Set(chosen.map(({ id }) => id));
  return {
    name,
    remedy,
    done: chosen.filter(({ id }) => !notDone.has(id)).map(({ id }) => id),
    failed: [...failed],
    missing: (ids ?? []).filter((id) => !found.has(id)),
    before,
    more: more && failed.length < chosen.length,
  };
}

/** What failed again since `before` stays, else a message that can't work would go round for ever. */
async function collect(
  { deadLetters, clock }: DeadLetterDeps,
  name: string,
  ids: RedriveRequest['ids'],
  before: Instant,
) {
  const chosen: HeldMessage[] = [];
  const others: HeldMessage[] = [];
  const end = addSeconds(clock.now(), timeSeconds);
  const wanted = ids?.length ?? messagesRedriven;
  while (chosen.length < wanted && others.length < 5 * messagesRedriven && clock.now() < end) {
    const some = await deadLetters.receive(name, redrivingSeconds);
    if (some.length === 0) return { chosen, others, more: false };
    for (const message of some) {
      const isChosen = ids ? ids.includes(message.id) : message.sentAt <= before;
      (isChosen ? chosen : others).push(message);
    }
  }
  return { chosen, others, more: ids === undefined };
}

async function doAgain(
  deps: DeadLetterDeps,
  name: string,
  remedy: RedriveAnswer['remedy'],
  chosen: readonly HeldMessage[],
): Promise<readonly Failed[]> {
  const { deadLetters } = deps;
  const undone = remedy === 'drain' ? await drain(deps, chosen) : new Map<string, string>();
  const outcomes = await Promise.all(
    chosen.map(async (message): Promise<Failed | undefined> => {
      const { id } = message;
      const hindrance = undone.get(id);
      if (hindrance !== undefined) return { id, reason: hindrance };
      try {
        if (remedy === 'move') await deadLetters.resend(name, message);
      } catch (error) {
        return { id, reason: `not sent: ${String(error)}` };
      }
      try {
        await deadLetters.remove(name, message);
      } catch (error) {
        return { id, reason: `done, but still in the DLQ: ${String(error)}` };
      }
      return undefined;
    }),
  );
  return outcomes.flatMap((failure) => failure ?? []);
}

/** @returns the messages that must stay, with the reason: an entry that still can't be sent, or all positions. */
async function drain(
  { outbox }: DeadLetterDeps,
  chosen: readonly HeldMessage[],
): Promise<Map<string, string>> {
  const named = chosen.map((message) => ({ id: message.id, entry: namedEntry(message) }));
  const { unsent } = await outbox.drain(named.flatMap(({ entry }) => entry ?? []));
  const reasonOfEntry = new Map(unsent.map((entry) => [`${entry.environment} ${entry.id}`, entry.reason]));
  const [first] = unsent;
  const undone = named.flatMap(({ id, entry }): [string, string][] => {
    const reason = entry
      ? reasonOfEntry.get(`${entry.environment.team}/${entry.environment.name} ${entry.id}`)
      : first && `${unsent.length} pending entries could not be sent, the first: ${first.reason}`;
    return reason === undefined ? [] : [[id, reason]];
  });
  return new Map(undone);
}
