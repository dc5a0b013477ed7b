/** The least that a stage could be: each message of the batch becomes one item. */
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from '#core/zod.ts';

const Message = z.object({ detail: z.object({ run: z.string(), id: z.string() }) });
const table = z.string().parse(process.env['TABLE_NAME']);
const client = new DynamoDBClient({});

export const handler = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  await Promise.all(
    Records.map(async ({ body }) => {
      const { run, id } = Message.parse(JSON.parse(body)).detail;
      await client.send(
        new PutItemCommand({ TableName: table, Item: { pk: { S: run }, sk: { S: id }, body: { S: body } } }),
      );
    }),
  );
  return { batchItemFailures: [] };
};
