/**
 * DynamoDB's client as the adapters of items have it. All of a function share one: each of its own would look for
 * credentials and open connections anew, and its first request would wait for one more handshake.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

const over = (client: DynamoDBClient): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });

let shared: DynamoDBDocumentClient | undefined;

/** @param client of a table that is elsewhere than the function's own. */
export function documents(client?: DynamoDBClient): DynamoDBDocumentClient {
  if (client) return over(client);
  shared ??= over(new DynamoDBClient({}));
  return shared;
}
