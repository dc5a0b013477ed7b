/** One client of DynamoDB a function, unless it is told of another. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { documents } from '#adapters/aws/documents.ts';

test('all that name no client share one; who names one has it alone', () => {
  const own = new DynamoDBClient({});
  expect(documents()).toBe(documents());
  expect(documents(own)).not.toBe(documents());
  expect(documents(own)).not.toBe(documents(own));
});
