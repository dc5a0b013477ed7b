/**
 * What is in a DLQ, and why. A message comes there in several ways, and each keeps its reason elsewhere:
 * - refused by its stage: attribute `reason`, ours;
 * - undelivered by EventBridge: attributes ERROR_CODE, ERROR_MESSAGE, EXHAUSTED_RETRY_CONDITION
 *   (Amazon EventBridge user guide, "Using dead-letter queues to process undelivered events");
 * - moved by SQS after its last attempt: none, but for what its stage kept in the table under the message's id;
 * - a batch of the stream that Lambda gave up: the body, without the entries
 *   (AWS Lambda developer guide, "Capturing discarded batches for a DynamoDB event source");
 * - an invocation or a notice that failed: attributes ErrorCode, ErrorMessage
 *   (AWS Lambda developer guide, "Adding a dead-letter queue").
 */
import { EnvironmentKey, type Instant } from './names.ts';
import * as z from './zod.ts';

/** How a queue's messages are done again. */
export const Remedy = z.enum([
  /** Back to the stage's queue. */
  'move',
  /** The outbox sends what is pending: the messages are positions, not events. */
  'drain',
  /** Nothing is left to do again: they are only deleted. */
  'drop',
  /** Nobody but a person can. */
  'none',
]);
export type Remedy = z.infer<typeof Remedy>;

/** A DLQ as the API's function is told of it. */
export const DeadLetterPlace = z.object({
  /** `gate`, `deploy-main`, `outbox` */
  name: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/)),
  url: z.url(),
  /** The stage's own queue, where messages are moved to. */
  queueUrl: z.optional(z.url()),
  remedy: Remedy,
  /** What a person reads where redriving is something else than moving. */
  note: z.optional(z.string()),
});
export type DeadLetterPlace = z.infer<typeof DeadLetterPlace>;

/** Why a stage could not handle a message, the last time that it tried. */
export interface Failure {
  readonly stage: string;
  readonly attempt: number;
  readonly reason: string;
  readonly at: Instant;
}

export interface DeadMessage {
  readonly id: string;
  readonly body: string;
  /** When it was sent first; SQS leaves that as it is when it moves a message. */
  readonly sentAt: Instant;
  /** Message attributes, those that are text. */
  readonly attributes: Readonly<Record<string, string>>;
  /** SQS moved it here after its last attempt. */
  readonly movedBySqs: boolean;
}

export interface Reason {
  readonly kind: 'refused' | 'undelivered' | 'failed' | 'stream' | 'invocation' | 'unknown';
  readonly text: string;
}

const StreamBatch = z.object({
  requestContext: z.object({ condition: z.string(), approximateInvokeCount: z.optional(z.int()) }),
  responseContext: z.optional(z.object({ functionError: z.optional(z.string()) })),
  DDBStreamBatchInfo: z.object({
    shardId: z.string(),
    startSequenceNumber: z.string(),
    endSequenceNumber: z.string(),
    batchSize: z.optional(z.int()),
  }),
});

/** @param failure what its stage kept, if it did. */
export function reasonOf(message: DeadMessage, failure: Failure | undefined): Reason {
  const { reason, ERROR_CODE, ERROR_MESSAGE, EXHAUSTED_RETRY_CONDITION, ErrorCode, ErrorMessage } =
    message.attributes;
  if (reason !== undefined) return { kind: 'refused', text: reason };
  if (ERROR_CODE !== undefined) {
    const why = [ERROR_MESSAGE, EXHAUSTED_RETRY_CONDITION].filter(Boolean).join(', ');
    return { kind: 'undelivered', text: `EventBridge could not deliver it: ${ERROR_CODE} (${why})` };
  }
  if (ErrorCode !== undefined || ErrorMessage !== undefined) {
    const text = `The invocation failed: ${[ErrorCode, ErrorMessage].filter(Boolean).join(' ')}`;
    return { kind: 'invocation', text };
  }
  const batch = StreamBatch.safeParse(json(message.body)).data;
  if (batch) return { kind: 'stream', text: streamText(batch) };
  if (failure) {
    const { attempt, stage } = failure;
    return { kind: 'failed', text: `Attempt ${attempt} of ${stage} at ${failure.at}: ${failure.reason}` };
  }
  if (message.movedBySqs) {
    const text = `It failed each time and left no reason (a time-out, or too little memory): look for messageId ${message.id} in the log`;
    return { kind: 'failed', text };
  }
  return { kind: 'unknown', text: 'Nothing says why: it was put here by hand, perhaps' };
}

function streamText({ requestContext, responseContext, DDBStreamBatchInfo }: z.infer<typeof StreamBatch>) {
  const { shardId, startSequenceNumber, endSequenceNumber, batchSize } = DDBStreamBatchInfo;
  const error = responseContext?.functionError ? `, ${responseContext.functionError}` : '';
  return (
    `The stream was given up at ${shardId} ${startSequenceNumber} to ${endSequenceNumber} ` +
    `(${batchSize ?? 'some'} records, ${requestContext.condition}${error}). The entries are not here: they are ` +
    'pending in the table, and redriving sends them'
  );
}

const UnreadableEntry = z.object({ environment: z.string(), id: z.string() });

/** The entry of the outbox that a message names; undefined for a position in the stream. */
export function namedEntry({ body }: DeadMessage): { environment: EnvironmentKey; id: string } | undefined {
  const named = UnreadableEntry.safeParse(json(body)).data;
  const [team, name] = named?.environment.split('/') ?? [];
  const environment = EnvironmentKey.safeParse({ team, name }).data;
  return named && environment && { environment, id: named.id };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** On one line, and no longer than a terminal has patience for. */
export const shortened = (text: string, length = 400): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length)}… (${line.length} characters)` : line;
};
