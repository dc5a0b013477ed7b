/** A whole partition of the table, page by page, for what is small enough to be read at once. */
import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { retryable } from './errors.ts';

/** Consistent: what was written before is in it. @param range of sort keys. @yields the items as they are stored, in the order of their sort keys. */
export async function* itemsOf(
  client: DynamoDBDocumentClient,
  table: string,
  pk: string,
  range?: { readonly from: string; readonly to: string },
): AsyncGenerator<unknown> {
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const command = new QueryCommand({
      TableName: table,
      KeyConditionExpression: range ? 'pk = :pk AND sk BETWEEN :from AND :to' : 'pk = :pk',
      ExpressionAttributeValues: { ':pk': pk, ...(range && { ':from': range.from, ':to': range.to }) },
      ConsistentRead: true,
      ...(ExclusiveStartKey && { ExclusiveStartKey }),
    });
    const page = await retryable('Query', () => client.send(command));
    yield* page.Items ?? [];
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}
