/** Requests by their idempotency keys, one item each in the table; answers are kept compressed, and only if they fit. */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { parseJson } from '#core/errors.ts';
import { addSeconds, type Instant } from '#core/names.ts';
import type { Begun, KeptAnswer, RequestRef, Requests } from '#core/request-ports.ts';
import * as z from '#core/zod.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import { requestKey } from './items.ts';

const daySeconds = 24 * 3600;
/** DynamoDB takes items of 400 KB. */
const largestAnswer = 350 * 1024;

const Item = z.object({
  fingerprint: z.string(),
  state: z.enum(['running', 'answered', 'done', 'free']),
  answer: z.optional(z.instanceof(Uint8Array)),
});
const Answer = z.object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() });

export class RequestItems implements Requests {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  async begin(ref: RequestRef, fingerprint: string, now: Instant, until: Instant): Promise<Begun> {
    const expiresAt = addSeconds(now, daySeconds);
    try {
      await this.#update(ref, {
        UpdateExpression:
          'SET #state = :running, fingerprint = :fingerprint, #until = :until, expiresAt = :expiresAt, #ttl = :ttl REMOVE answer',
        // What crashed is taken up by the same request alone. What is over is gone, though TTL was not there yet.
        ConditionExpression:
          'attribute_not_exists(pk) OR #state = :free OR expiresAt <= :now OR (#state = :running AND #until <= :now AND fingerprint = :fingerprint)',
        ExpressionAttributeNames: { '#state': 'state', '#until': 'until', '#ttl': 'ttl' },
        ExpressionAttributeValues: {
          ':running': 'running',
          ':free': 'free',
          ':fingerprint': fingerprint,
          ':until': until,
          ':now': now,
          ':expiresAt': expiresAt,
          ':ttl': Math.floor(Date.parse(expiresAt) / 1000),
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return { state: 'yours' };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return knownAs(Item.parse(unmarshall(error.Item ?? {})), fingerprint);
    }
  }

  async finish(ref: RequestRef, answer: KeptAnswer): Promise<void> {
    const packed = await promisify(gzip)(JSON.stringify(answer));
    const fits = packed.length <= largestAnswer;
    await this.#update(ref, {
      UpdateExpression: `SET #state = :state${fits ? ', answer = :answer' : ''}`,
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: fits ? { ':state': 'answered', ':answer': packed } : { ':state': 'done' },
    });
  }

  async free(ref: RequestRef): Promise<void> {
    try {
      await this.#update(ref, {
        UpdateExpression: 'SET #state = :free',
        ConditionExpression: '#state = :running',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':free': 'free', ':running': 'running' },
      });
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async #update(ref: RequestRef, input: Omit<UpdateCommandInput, 'TableName' | 'Key'>): Promise<void> {
    const command = new UpdateCommand({ TableName: this.#table, Key: requestKey(ref), ...input });
    await retryable('UpdateItem', () => this.#client.send(command));
  }
}

async function knownAs(
  { state, answer, ...item }: z.infer<typeof Item>,
  fingerprint: string,
): Promise<Begun> {
  if (item.fingerprint !== fingerprint) return { state: 'other' };
  if (state === 'answered' && answer) {
    const text = (await promisify(gunzip)(answer)).toString('utf8');
    return { state: 'answered', answer: parseJson(Answer, text, 'an answer that was kept') };
  }
  return { state: state === 'running' ? 'running' : 'done' };
}
