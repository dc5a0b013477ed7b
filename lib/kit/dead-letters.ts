/** A queue for what failed, kept for the two weeks that SQS allows, with an alarm as soon as something is in it. */
import { Duration } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { alarm } from './alarm.ts';
import type { BundledFunction } from './bundled-function.ts';

export interface DeadLettersProps {
  /** Whose: also the name of the runbook. */
  readonly of: string;
  readonly impact: string;
  readonly pager: ITopic;
}

/** The finding on SQS's own encryption, as `acknowledge` takes it. */
export const encryptedBySqs = {
  'checkov CKV_AWS_27': 'It is encrypted by SQS itself; EventBridge would need rights on a key of ours.',
};

/** The finding on one that neither a queue nor a function names as its DLQ, which is where cdk-nag looks. */
export const dlqOfOthers = {
  'AwsSolutions-SQS3': 'It is a dead-letter queue: of a stream, or of subscriptions.',
};

export class DeadLetters extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string, { of, impact, pager }: DeadLettersProps) {
    super(scope, id);
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(this.queue, {
      'Serverless-SQSRedrivePolicy': 'It is a dead-letter queue.',
      ...encryptedBySqs,
    });
    alarm(this, 'NotEmpty', {
      metric: this.queue.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(1),
        statistic: 'Maximum',
      }),
      threshold: 1,
      seen: `Messages that ${of} could not handle are in its DLQ.`,
      impact,
      runbook: of,
      pager,
    });
  }

  /** A function puts here what it can't handle, with the reason. */
  reportedBy(reader: BundledFunction): void {
    reader.allow(['sqs:SendMessage'], [this.queue.queueArn]);
  }
}
