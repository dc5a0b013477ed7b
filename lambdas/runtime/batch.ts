/**
 * The wrapper of a stage that does the messages of a batch together. Each is still judged alone: one that fails comes again
 * by itself, one that can never work goes to the DLQ with its reason, and neither holds up the others.
 */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Signal } from '#core/aws-events.ts';
import { Conflict } from '#core/errors.ts';
import { count } from '#core/measures.ts';
import { log, withFields } from './log.ts';
import { measure } from './metrics.ts';
import { type Inbox, jittered, keeper, measureHandled, onFailure, signalOf, tries } from './queue.ts';

export interface Message {
  readonly signal: Signal;
  /** The id of the message: what it changes names it. */
  readonly cause?: string | undefined;
}
/** What became of each, in their order: the error, or undefined where it is done. */
export type HandleAll = (messages: readonly Message[]) => Promise<readonly unknown[]>;

interface Entry {
  readonly record: SQSRecord;
  readonly message: Message | undefined;
  readonly error: unknown;
}

export function batchHandler(
  handleAll: HandleAll,
  inbox: Inbox,
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const { stage, refuse, comeAgain, failures } = inbox;
  const keep = keeper(stage, failures);
  return ({ Records }) =>
    withFields({ stage }, async () => {
      const ended = await afresh(handleAll, await Promise.all(Records.map(read)));
      const failed = ended.map(({ record, error }) =>
        withFields(
          { messageId: record.messageId, attempt: record.attributes.ApproximateReceiveCount },
          async () => {
            if (error === undefined) return measureHandled(record);
            log.error('the message was not handled', error);
            await onFailure(record, error, { refuse, comeAgain, keep });
          },
        ).then(
          () => [],
          () => [{ itemIdentifier: record.messageId }],
        ),
      );
      return { batchItemFailures: (await Promise.all(failed)).flat() };
    });
}

const read = (record: SQSRecord): Promise<Entry> =>
  withFields({ messageId: record.messageId }, async () => {
    try {
      return { record, message: { signal: signalOf(record), cause: record.messageId }, error: undefined };
    } catch (error) {
      return { record, message: undefined, error };
    }
  });

/** After a conflict the same work, done again, sees what the other wrote: queue.ts says how often, and when. */
async function afresh(handleAll: HandleAll, read: readonly Entry[]): Promise<readonly Entry[]> {
  let entries = read;
  let todo = entries.filter(({ message }) => message !== undefined);
  for (let turn = 0; turn < tries && todo.length > 0; turn++) {
    if (turn > 0) await jittered(turn - 1);
    const errors = await handleAll(todo.flatMap(({ message }) => message ?? []));
    const ended = new Map(todo.map((entry, i) => [entry.record, { ...entry, error: errors[i] }]));
    entries = entries.map((entry) => ended.get(entry.record) ?? entry);
    todo = entries.filter(({ error }) => error instanceof Conflict);
    if (todo.length > 0) measure([count('Conflicts', todo.length)]);
  }
  return entries;
}
