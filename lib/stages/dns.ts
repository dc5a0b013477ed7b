/** Points environments' names at their load balancers, in a zone of ours or one that exists. */
import { Duration, Stack } from 'aws-cdk-lib';
import { HostedZone, type IHostedZone, PublicHostedZone } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import { impactOf } from '#core/flow.ts';
import { Env } from '#lambdas/dns/env.ts';
import { removalPolicyOf } from '../kit/context.ts';
import type { Foundation } from '../kit/foundation.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { StageQueue } from '../kit/stage-queue.ts';
import { subscribe } from '../kit/subscribe.ts';
import { changeOfEnvironment, mayKeepFailures, mayRead, mayWrite } from '../kit/table-access.ts';
import type { ApiStage } from './api.ts';

export interface DnsStageProps extends Foundation {
  readonly config: Config;
  /** Asks what would be done with a name. */
  readonly api: ApiStage;
}

/**
 * Route 53 takes few requests a second from an account, and 1,000 records in each: what comes within five seconds is one
 * call for 500 environments. Two side by side is the least that Lambda allows.
 */
const pace = { batchSize: 500, window: Duration.seconds(5), maxConcurrency: 2 };

export class DnsStage extends Construct {
  readonly zone: IHostedZone;
  readonly queue: StageQueue;
  readonly function: StageFunction;

  constructor(scope: Construct, id: string, { table, bus, pager, config, api }: DnsStageProps) {
    super(scope, id);
    const stage = 'dns';
    const common = { impact: impactOf(stage), pager, timeout: Duration.seconds(30) };
    this.zone = this.#zone(config.dns);
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common, window: pace.window });
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: "Points environments' names at their load balancers",
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        HOSTED_ZONE_ID: this.zone.hostedZoneId,
        INSTALLATION: `${Stack.of(this).account}/${Stack.of(this).region}`,
        QUEUE_URL: this.queue.queue.queueUrl,
        DLQ_URL: this.queue.deadLetters.queueUrl,
      },
      asksItself: true,
    });
    mayRead(this.function, table);
    mayKeepFailures(this.function, table);
    mayWrite(this.function, table, changeOfEnvironment);
    this.#mayChangeRecords();
    this.queue.refusedBy(this.function);
    // A page of the zone asks for the next one.
    this.queue.takesLooksOf(this.function);
    this.queue.feeds(this.function, pace);
    api.plansNames(this.function);
    subscribe({ stage, bus, to: this.queue });
  }

  /** Never the zone's own NS and SOA, nor anybody's mail; and nothing is overwritten that was not seen. */
  #mayChangeRecords(): void {
    this.function.allow(['route53:ListResourceRecordSets'], [this.zone.hostedZoneArn]);
    this.function.allow(['route53:ChangeResourceRecordSets'], [this.zone.hostedZoneArn], {
      'ForAllValues:StringEquals': {
        'route53:ChangeResourceRecordSetsRecordTypes': ['A', 'CNAME', 'TXT'],
        'route53:ChangeResourceRecordSetsActions': ['CREATE', 'DELETE'],
      },
    });
  }

  #zone({ zone, hostedZoneId }: Config['dns']): IHostedZone {
    if (hostedZoneId !== undefined)
      return HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName: zone });
    const made = new PublicHostedZone(this, 'Zone', { zoneName: zone });
    made.applyRemovalPolicy(removalPolicyOf(this));
    return made;
  }
}
