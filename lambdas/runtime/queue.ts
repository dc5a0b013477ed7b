/**
 * The wrapper of every stage that reads a queue. A record that fails is reported alone and comes again; one that can
 * never work goes to the DLQ at once, with its reason.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { againAfterSeconds } from '#core/attempts.ts';
import { parseEvent, type Signal } from '#core/aws-events.ts';
import type { Failure } from '#core/dead-letter.ts';
import { Conflict, parseJson, Rejected } from '#core/errors.ts';
import { count, time } from '#core/measures.ts';
import type { Failures } from '#core/ports.ts';
import * as z from '#core/zod.ts';
import { log, note, withFields } from './log.ts';
import { measure } from './metrics.ts';

/** @param cause the id of the message: what it changes names it. */
export type Handle = (signal: Signal, cause?: string) => Promise<void>;
/** Takes a message out of the flow for people to look at. */
type Refuse = (record: SQSRecord, reason: string) => Promise<void>;

/** Hides a message for so many seconds, from now. */
type ComeAgain = (record: SQSRecord, seconds: number) => Promise<void>;

/** Of a stage in a cluster's VPC, which can't reach SQS, both are absent. */
export interface Inbox {
  readonly stage: string;
  /** Without it a message that can't work is retried until SQS moves it. */
  readonly refuse?: Refuse;
  /** Without it a message that failed comes again when its queue shows it: after six times the function's time. */
  readonly comeAgain?: ComeAgain;
  /** Keeps why a message failed: SQS moves it to the DLQ without a word. */
  readonly failures: Pick<Failures, 'keepFailure'>;
}

export function queueHandler(handle: Handle, inbox: Inbox): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const { stage, refuse, comeAgain, failures } = inbox;
  const keep = keeper(stage, failures);
  /** What fails is logged by then; SQS brings again what is named here. */
  const failed = (record: SQSRecord): Promise<SQSBatchItemFailure[]> =>
    withFields({ stage }, () => handleRecord(record, handle, { refuse, comeAgain, keep })).then(
      () => [],
      () => [{ itemIdentifier: record.messageId }],
    );
  return async ({ Records }) => ({ batchItemFailures: (await Promise.all(Records.map(failed))).flat() });
}

export type Keep = (record: SQSRecord, reason: string) => Promise<void>;

export const keeper =
  (stage: string, failures: Inbox['failures']): Keep =>
  (record, reason) =>
    failures.keepFailure(record.messageId, failureOf(stage, record, reason));

const failureOf = (stage: string, record: SQSRecord, reason: string): Failure => ({
  stage,
  attempt: Number(record.attributes.ApproximateReceiveCount),
  reason,
  at: new Date().toISOString(),
});

export interface OnFailure {
  readonly refuse?: Refuse | undefined;
  readonly comeAgain?: ComeAgain | undefined;
  readonly keep: Keep;
}

interface Means extends Partial<OnFailure> {
  readonly pause?: Pause;
}

export async function handleRecord(
  record: SQSRecord,
  handle: Handle,
  { keep = async () => undefined, pause = jittered, ...means }: Means = {},
): Promise<void> {
  const { messageId, attributes } = record;
  await withFields({ messageId, attempt: attributes.ApproximateReceiveCount }, async () => {
    try {
      const signal = signalOf(record);
      await afresh(() => handle(signal, messageId), pause);
      measureHandled(record);
    } catch (error) {
      log.error('the message was not handled', error);
      await onFailure(record, error, { ...means, keep });
    }
  });
}

/** @throws Rejected for what is no message of ours. */
export function signalOf({ body, messageId }: SQSRecord): Signal {
  const signal = parseEvent(parseJson(z.unknown(), body, `message ${messageId}`));
  note({ signal: describe(signal), story: storyOf(signal) });
  return signal;
}

export const measureHandled = ({ attributes }: SQSRecord): void =>
  measure([count('Handled'), time('MessageAge', Date.now() - Number(attributes.SentTimestamp))]);

/** @throws what makes the message come again. */
export async function onFailure(
  record: SQSRecord,
  error: unknown,
  { refuse, comeAgain, keep }: OnFailure,
): Promise<void> {
  if (error instanceof Rejected && refuse) {
    await refuse(record, error.message);
    return measure([count('Rejected')]);
  }
  measure([count('Retried')]);
  // Beside the failure itself: where its reason can't be kept, the log has it still.
  await keep(record, reasonOf(error)).catch((cause: unknown) => log.error('the reason was not kept', cause));
  await comeAgain?.(record, againAfterSeconds(Number(record.attributes.ApproximateReceiveCount))).catch(
    (cause: unknown) => log.error('it comes again when its queue shows it', cause),
  );
  throw error;
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/**
 * Stages read before they decide: after a conflict the same work, done again, sees what the other wrote. Several write in turn
 * where much happens at once, so only the first try again is made at once. A message that had to come again by SQS would do so
 * after half a minute at the soonest.
 */
export const tries = 6;

/** @param turn of the tries again, from 0 on. */
export type Pause = (turn: number) => Promise<unknown>;

/** Up to 25, 50, 100 and 200 ms: those who met once are not to meet again (Amazon Builders' Library, "Timeouts, retries and backoff with jitter"). */
export const jittered: Pause = async (turn) => turn > 0 && sleep(Math.random() * 25 * 2 ** (turn - 1));

async function afresh(work: () => Promise<void>, pause: Pause): Promise<void> {
  for (let turn = 0; ; turn++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      measure([count('Conflicts')]);
      if (turn === tries - 1) throw error;
      await pause(turn);
    }
  }
}

/** AWS's own events and the watcher know no story: the stage notes it when it has read the environment. */
function storyOf(signal: Signal): string | undefined {
  switch (signal.kind) {
    case 'told':
      return signal.event.story;
    case 'look':
      return signal.story;
    case 'image':
    case 'build':
    case 'upload':
    case 'sweep':
    case 'seen':
    case 'alive':
      return undefined;
  }
}

function describe(signal: Signal): string {
  switch (signal.kind) {
    case 'told':
      return `${signal.event.type} ${signal.event.environment.team}/${signal.event.environment.name}`;
    case 'image':
      return `${signal.repository}@${signal.digest}`;
    case 'build':
      return signal.buildId;
    case 'upload':
      return `upload of s3://${signal.bucket}/${signal.object.key}`;
    case 'look':
      return `look ${signal.environment.team}/${signal.environment.name}`;
    case 'sweep':
      return `sweep from ${signal.from?.name ?? 'the beginning'}`;
    case 'seen':
      return `seen ${signal.environment.team}/${signal.environment.name}: ${signal.facts.join(', ')}`;
    case 'alive':
      return `alive ${signal.cluster}`;
  }
}
