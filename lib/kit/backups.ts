/**
 * Copies of the table apart from the table: point-in-time recovery reaches back 35 days and goes with the account's
 * settings of that table, these are kept for a year in a vault of their own (docs/adr/0013).
 */
import { CfnResource, Duration } from 'aws-cdk-lib';
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from 'aws-cdk-lib/aws-backup';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Schedule } from 'aws-cdk-lib/aws-events';
import {
  Effect,
  ManagedPolicy,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
  StarPrincipal,
} from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { acknowledge, managedPolicies } from './acknowledge.ts';
import { alarm } from './alarm.ts';
import { choicesOf, removalPolicyOf } from './context.ts';

/** Why what holds data is not backed up: in the template, where the tests of lib/ look for it. */
export const notBackedUpKey = 'not-backed-up';
export function notBackedUp(construct: Construct, reason: string): void {
  const resource = CfnResource.isCfnResource(construct) ? construct : construct.node.defaultChild;
  if (!CfnResource.isCfnResource(resource))
    throw new Error(
      `${construct.node.path} is not the construct of one resource: say there why it is not backed up.`,
    );
  resource.addMetadata(notBackedUpKey, reason);
}

const policy = 'AWSBackupServiceRolePolicyForBackup';

export class Backups extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { table, pager }: { readonly table: Table; readonly pager: ITopic },
  ) {
    super(scope, id);
    const vault = this.#vault();
    const plan = new BackupPlan(this, 'Plan', {
      backupVault: vault,
      backupPlanRules: [
        new BackupPlanRule({
          ruleName: 'Weekly',
          scheduleExpression: Schedule.cron({ weekDay: 'SUN', hour: '3', minute: '0' }),
          deleteAfter: Duration.days(365),
        }),
      ],
    });
    const role = new Role(this, 'Role', {
      description: "Backs the table up: AWS Backup's own role",
      assumedBy: new ServicePrincipal('backup.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(`service-role/${policy}`)],
    });
    acknowledge(
      role,
      managedPolicies(
        [`service-role/${policy}`],
        'AWS Backup is specified with this policy, and AWS keeps it right.',
      ),
    );
    plan.addSelection('Table', {
      resources: [BackupResource.fromDynamoDbTable(table)],
      role,
      disableDefaultBackupPolicy: true,
    });
    alarm(this, 'Failed', {
      metric: new Metric({
        namespace: 'AWS/Backup',
        metricName: 'NumberOfBackupJobsFailed',
        dimensionsMap: { BackupVaultName: vault.backupVaultName },
        statistic: 'Sum',
        period: Duration.hours(1),
      }),
      threshold: 1,
      seen: 'The weekly backup of the table failed.',
      impact: 'What is older than 35 days could not be brought back.',
      runbook: 'data',
      pager,
    });
  }

  /** What is in it goes when its year is over, and not before: whoever may do anything must first change the vault. */
  #vault(): BackupVault {
    const { retain } = choicesOf(this);
    const nobodyDeletes = new PolicyStatement({
      effect: Effect.DENY,
      principals: [new StarPrincipal()],
      actions: ['backup:DeleteRecoveryPoint', 'backup:UpdateRecoveryPointLifecycle'],
      resources: ['*'],
    });
    const vault = new BackupVault(this, 'Vault', {
      removalPolicy: removalPolicyOf(this),
      ...(retain && { accessPolicy: new PolicyDocument({ statements: [nobodyDeletes] }) }),
    });
    acknowledge(vault, {
      'checkov CKV_AWS_166':
        'AWS Backup encrypts it; who disabled a key of ours would take the backups with the table.',
    });
    return vault;
  }
}
