/** Who logged in, in the table: one partition an environment, one item a session, in the order of their beginnings. */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { SshSessions } from '#core/access-ports.ts';
import { parse } from '#core/errors.ts';
import { keptDays } from '#core/keeping.ts';
import { addSeconds, type EnvironmentKey, environmentId } from '#core/names.ts';
import { SshSession, sessionPlace } from '#core/ssh-session.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';

const partition = (key: EnvironmentKey): string => `SESSION#${environmentId(key)}`;
const daySeconds = 86_400;

export class SshSessionItems implements SshSessions {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  /** The condition is `isNews`. */
  async record(session: SshSession): Promise<void> {
    const forgottenAt = addSeconds(session.beganAt, keptDays.records * daySeconds);
    const command = new PutCommand({
      TableName: this.#table,
      Item: {
        pk: partition(session),
        sk: sessionPlace(session),
        ...session,
        ttl: Math.floor(Date.parse(forgottenAt) / 1000),
      },
      ConditionExpression: 'attribute_not_exists(pk) OR #version < :version',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': session.version },
    });
    try {
      await retryable('PutItem', () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async list(key: EnvironmentKey, before: string | undefined, limit: number) {
    const older = { KeyConditionExpression: 'pk = :pk AND sk < :before' };
    const command = new QueryCommand({
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk',
      ...(before !== undefined && older),
      ExpressionAttributeValues: {
        ':pk': partition(key),
        ...(before !== undefined && { ':before': before }),
      },
      ScanIndexForward: false,
      ConsistentRead: true,
      // One more says whether there are more.
      Limit: limit + 1,
    });
    const { Items = [] } = await retryable('Query', () => this.#client.send(command));
    const found = Items.map((item) => parse(SshSession, item, `a session of ${environmentId(key)}`));
    const sessions = found.slice(0, limit);
    const last = sessions.at(-1);
    return { sessions, ...(last && found.length > limit && { next: sessionPlace(last) }) };
  }
}
