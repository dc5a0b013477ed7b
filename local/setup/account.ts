/** What an account's owner sets by hand, beside the stacks. */
import {
  ECRClient,
  PutAccountSettingCommand,
  PutRegistryScanningConfigurationCommand,
} from '@aws-sdk/client-ecr';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { deliveryPolicy } from '#core/pager-delivery.ts';
import { accessTo, controlPlane } from '#local/demo/access.ts';
import type { Cloud } from '#local/setup/cloud-file.ts';

/**
 * The registry's own settings, which a real account's owner makes: basic scanning sees no Python or Node package, and
 * without mounting a promotion copies every layer.
 */
export async function setUpRegistry(cloud: Cloud): Promise<void> {
  const ecr = new ECRClient(accessTo(cloud).sdk);
  const repositoryFilters = [{ filter: 'candidate/*', filterType: 'WILDCARD' as const }];
  const rules = [{ scanFrequency: 'CONTINUOUS_SCAN' as const, repositoryFilters }];
  await ecr.send(new PutRegistryScanningConfigurationCommand({ scanType: 'ENHANCED', rules }));
  await ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }));
  ecr.destroy();
}

/** As the stack subscribes a paging service. The same endpoint twice is one subscription. */
export async function subscribePager(cloud: Cloud): Promise<void> {
  const Attributes = { DeliveryPolicy: deliveryPolicy };
  const subscription = { Protocol: 'http', Endpoint: `${cloud.services}/pager`, Attributes };
  const sns = new SNSClient(accessTo(cloud).sdk);
  await sns.send(new SubscribeCommand({ TopicArn: controlPlane(cloud).TopicArn, ...subscription }));
  sns.destroy();
}
