/**
 * A stage's inbox and all that can go wrong with it: the queue, the DLQ for what failed (here, or on the way here), and
 * an alarm on each. Messages in the DLQ are as they came, so that they can be moved back to the queue.
 */
import { Duration } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { attempts } from '#core/attempts.ts';
import { acknowledge } from './acknowledge.ts';
import { alarm } from './alarm.ts';
import type { BundledFunction } from './bundled-function.ts';
import { DeadLetters, encryptedBySqs } from './dead-letters.ts';

export interface StageQueueProps {
  readonly stage: string;
  readonly impact: string;
  readonly pager: ITopic;
  /** Of the function that reads it. */
  readonly timeout: Duration;
  /** How long messages are gathered for it. */
  readonly window?: Duration;
}

export interface Pace {
  /** Messages in one invocation; more than 10 need a window. */
  readonly batchSize: number;
  /** How long messages are gathered; those that come first wait for it. */
  readonly window?: Duration;
  /** Invocations side by side; Lambda allows no less than 2. */
  readonly maxConcurrency: number;
}

export class StageQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: StageQueueProps) {
    super(scope, id);
    const { stage, impact, pager } = props;
    this.deadLetters = new DeadLetters(this, 'DeadLetters', { of: stage, impact, pager }).queue;
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // AWS's advice for Lambda: six times the function's timeout and the window, so that a throttled batch is not seen twice.
      visibilityTimeout: Duration.seconds(6 * props.timeout.toSeconds() + (props.window?.toSeconds() ?? 0)),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: attempts },
    });
    acknowledge(this.queue, encryptedBySqs);
    alarm(this, 'Waiting', {
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(5) }),
      threshold: Duration.minutes(15).toSeconds(),
      seen: `A message to ${stage} has waited for 15 minutes.`,
      impact,
      runbook: stage,
      pager,
    });
  }

  /** The function reads the queue, and reports the messages of a batch that failed, alone. */
  feeds(reader: BundledFunction, { batchSize, window, maxConcurrency }: Pace): void {
    this.queue.grantConsumeMessages(reader.role);
    const mapping = new EventSourceMapping(this, 'Reader', {
      target: reader.lambda,
      eventSourceArn: this.queue.queueArn,
      batchSize,
      ...(window && { maxBatchingWindow: window }),
      maxConcurrency,
      reportBatchItemFailures: true,
    });
    // Lambda looks whether it may read when the mapping is made.
    mapping.node.addDependency(reader.role);
    acknowledge(mapping, {
      'Serverless-LambdaEventSourceMappingDestination':
        'SQS has no such destination: the queue itself moves to its DLQ what failed.',
    });
  }

  /** A message that can never work is put into the DLQ by the function, with its reason. */
  refusedBy(reader: BundledFunction): void {
    reader.allow(['sqs:SendMessage'], [this.deadLetters.queueArn]);
  }

  /** Of a cluster's watcher, which may do nothing else. */
  takesSightsOf(role: Role): void {
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }));
  }

  /** Others ask the stage to look at an environment. */
  takesLooksOf(sender: BundledFunction): void {
    sender.allow(['sqs:SendMessage'], [this.queue.queueArn]);
  }
}
