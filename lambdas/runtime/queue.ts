/**
 * The wrapper of every stage that reads a queue. A record that fails is reported alone and comes again; one that can
 * never work goes to the DLQ at once, with its reason.
 */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSHandler, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { parseEvent, type Signal } from '#core/aws-events.ts';
import { Conflict, parseJson, Rejected } from '#core/errors.ts';
import { log, withFields } from './log.ts';

export type Handle = (signal: Signal) => Promise<void>;
/** Takes a message out of the flow for people to look at. */
export type Refuse = (record: SQSRecord, reason: string) => Promise<void>;

/** @param refuse without it a message that can't work is retried until SQS moves it: the reason is in the log only. */
export function queueHandler(handle: Handle, refuse?: Refuse): SQSHandler {
  const processor = new BatchProcessor(EventType.SQS);
  const onRecord = (record: SQSRecord) => handleRecord(record, handle, refuse);
  return async (event, context): Promise<SQSBatchResponse> =>
    processPartialResponse(event, onRecord, processor, { context, throwOnFullBatchFailure: false });
}

export async function handleRecord(record: SQSRecord, handle: Handle, refuse?: Refuse): Promise<void> {
  await withFields(
    { messageId: record.messageId, attempt: record.attributes.ApproximateReceiveCount },
    async () => {
      try {
        const signal = parseEvent(parseJson(z.unknown(), record.body, `message ${record.messageId}`));
        await withFields({ signal: describe(signal) }, () => afresh(() => handle(signal)));
      } catch (error) {
        log.error('the message was not handled', error);
        if (!(error instanceof Rejected) || !refuse) throw error;
        await refuse(record, error.message);
      }
    },
  );
}

/** Stages read before they decide: after a conflict the same work, done again at once, sees what the other wrote. */
const tries = 3;

async function afresh(work: () => Promise<void>, left = tries): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Conflict) || left <= 1) throw error;
    await afresh(work, left - 1);
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
    case 'look':
      return `look ${signal.environment.team}/${signal.environment.name}`;
    case 'seen':
      return `seen ${signal.environment.team}/${signal.environment.name}: ${signal.facts.join(', ')}`;
    case 'alive':
      return `alive ${signal.cluster}`;
  }
}
