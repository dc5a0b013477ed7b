/** What every stage stands on. */
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import type { ITopic } from 'aws-cdk-lib/aws-sns';

export interface Foundation {
  readonly table: Table;
  readonly bus: EventBus;
  readonly pager: ITopic;
}
