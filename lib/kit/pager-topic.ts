/**
 * The topic that reaches people. Alarms of the control plane go straight to it, so that a broken pager stage is told of
 * too. Its key is ours: CloudWatch may not use the one that AWS manages for SNS.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { type DeliveryPolicy, Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { endpointRetries } from '#core/pager-delivery.ts';
import { acknowledge } from './acknowledge.ts';
import { choicesOf, removalPolicyOf } from './context.ts';
import { DeadLetters, dlqOfOthers } from './dead-letters.ts';

export class PagerTopic extends Construct {
  readonly topic: Topic;
  readonly key: Key;
  /** What SNS could not deliver; absent where there is nobody to deliver to. */
  undelivered: DeadLetters | undefined;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Notices of the pager',
      enableKeyRotation: true,
      removalPolicy: removalPolicyOf(this),
    });
    this.topic = new Topic(this, 'Topic', {
      displayName: 'GetSchwifty',
      masterKey: this.key,
      enforceSSL: true,
    });
    const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com');
    const ourAlarms = { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } };
    this.key.grant(cloudWatch, 'kms:Decrypt', 'kms:GenerateDataKey');
    this.topic.grantPublish(cloudWatch.withConditions(ourAlarms));
    this.#tell(choicesOf(this).pagerSubscriptions);
  }

  #tell(endpoints: readonly string[]): void {
    if (endpoints.length === 0) return;
    const impact = 'PEOPLE ON CALL MISSED A NOTICE.';
    this.undelivered = new DeadLetters(this, 'Undelivered', { of: 'pager', impact, pager: this.topic });
    const { queue } = this.undelivered;
    acknowledge(queue, dlqOfOthers);
    endpoints.forEach((endpoint, i) => {
      const protocol = protocolOf(endpoint);
      new Subscription(this, `Subscription${i + 1}`, {
        topic: this.topic,
        endpoint,
        protocol,
        deadLetterQueue: queue,
        // Mail is SNS's own to try: 50 times in six hours.
        ...(protocol === SubscriptionProtocol.HTTPS && { deliveryPolicy }),
      });
    });
  }
}

const deliveryPolicy: DeliveryPolicy = {
  healthyRetryPolicy: {
    ...endpointRetries,
    minDelayTarget: Duration.seconds(endpointRetries.minDelayTarget),
    maxDelayTarget: Duration.seconds(endpointRetries.maxDelayTarget),
  },
};

function protocolOf(endpoint: string): SubscriptionProtocol {
  if (endpoint.startsWith('https://')) return SubscriptionProtocol.HTTPS;
  if (/^[^@\s]+@[^@\s]+$/.test(endpoint)) return SubscriptionProtocol.EMAIL;
  throw new Error(`pagerSubscriptions: ${endpoint} is neither an e-mail address nor an https URL.`);
}
