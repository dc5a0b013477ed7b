/** The way in for people: an HTTP API that lets in who has a token, and one function behind it. */
import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import { impactOf } from '#core/flow.ts';
import { Env } from '#lambdas/api/env.ts';
import { teamIndex } from '../data-stack.ts';
import { acknowledge } from '../kit/acknowledge.ts';
import { alarm } from '../kit/alarm.ts';
import type { BundledFunction } from '../kit/bundled-function.ts';
import { mayRedrive, type Place, placesVariable } from '../kit/dead-letter-places.ts';
import type { Foundation } from '../kit/foundation.ts';
import { mayLinkJobFiles } from '../kit/job-workers.ts';
import { logGroup } from '../kit/log-group.ts';
import { People } from '../kit/people.ts';
import { repositoriesBelow } from '../kit/registry.ts';
import { mayLinkReports } from '../kit/reports.ts';
import { StageFunction } from '../kit/stage-function.ts';
import {
  changeOfEnvironment,
  mayKeepRequests,
  mayQueryIndexes,
  mayRead,
  mayReadWhole,
  mayWrite,
} from '../kit/table-access.ts';

export interface ApiStageProps extends Foundation {
  readonly config: Config;
  readonly sources: Bucket;
}

interface Operated {
  readonly outbox: BundledFunction;
  readonly buildLogs: LogGroup;
}

/** Stories, a team's keys, sessions, waivers and standing jobs, and the chunks of a job: each a partition of its own. */
const readWhole = [
  'AUDIT',
  'OUTBOX',
  'SSHKEY',
  'SESSION',
  'SNAPSHOT',
  'WAIVER',
  'CHUNK',
  'STANDING',
] as const;

const impact = `${impactOf('request')} ${impactOf('approval')}`;

export class ApiStage extends Construct {
  readonly people: People;
  readonly function: StageFunction;
  readonly api: HttpApi;
  readonly url: string;
  #places: readonly Place[] = [];
  #outboxFunction = '';
  #buildLogs = '';
  #dnsFunction = '';

  constructor(scope: Construct, id: string, { config, table, pager, sources }: ApiStageProps) {
    super(scope, id);
    this.people = new People(this, 'People', config);
    this.function = new StageFunction(this, 'Function', {
      name: 'api',
      description: 'Answers the API',
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        REPORTS_BUCKET: sources.bucketName,
        JOBS_BUCKET: sources.bucketName,
        // The stages come later in the flow.
        DEAD_LETTERS: Lazy.string({ produce: () => placesVariable(this.#places) }),
        DEAD_LETTERS_URL: Lazy.string({ produce: () => this.#places[0]?.deadLetters.queueUrl ?? '' }),
        DNS_FUNCTION: Lazy.string({ produce: () => this.#dnsFunction }),
        OUTBOX_FUNCTION: Lazy.string({ produce: () => this.#outboxFunction }),
        BUILD_LOG_GROUP: Lazy.string({ produce: () => this.#buildLogs }),
      },
      // As long as the gateway waits: redriving a full DLQ takes its time.
      timeout: Duration.seconds(29),
      impact,
      pager,
    });
    this.#mayUse(table);
    mayLinkReports(this.function, sources);
    mayLinkJobFiles(this.function, sources);
    // Bases and images of a spec, and what a job's commands are to run in.
    const looked = (['base', 'image', 'release'] as const).map((prefix) =>
      repositoriesBelow(this.function, prefix),
    );
    this.function.allow(['ecr:DescribeImages'], looked);
    const built = (['candidate', 'release'] as const).map((prefix) =>
      repositoriesBelow(this.function, prefix),
    );
    // What refers to an image is listed by the right to its manifest.
    this.function.allow(['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], built);
    this.api = this.#routes();
    this.url = this.#stage().url;
    alarm(this, 'ServerErrors', {
      metric: this.api.metricServerError({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 1,
      seen: 'The API answered 5xx.',
      impact,
      runbook: 'api',
      pager,
    });
  }

  #mayUse(table: Foundation['table']): void {
    mayRead(this.function, table);
    // One statement: the policy of a role may have 10,240 characters, and this one names every DLQ.
    mayReadWhole(this.function, table, readWhole);
    mayQueryIndexes(this.function, table, [teamIndex]);
    const own = [
      'APPROVAL',
      'JOB',
      'LEDGER',
      'SNAPSHOT',
      'SSHKEY',
      'STANDING',
      'TRANSFER',
      'WAIVER',
    ] as const;
    mayWrite(this.function, table, [...changeOfEnvironment, ...own]);
    mayKeepRequests(this.function, table);
  }

  /** Operators see and redrive what failed anywhere; who may read an environment reads what its builds print. */
  operates(places: readonly Place[], { outbox, buildLogs }: Operated): void {
    this.#places = places;
    this.#outboxFunction = outbox.lambda.functionName;
    this.#buildLogs = buildLogs.logGroupName;
    mayRedrive(this.function, places);
    this.function.allow(['lambda:InvokeFunction'], [outbox.lambda.functionArn]);
    this.function.allow(['logs:DescribeLogStreams', 'logs:GetLogEvents'], [buildLogs.logGroupArn]);
  }

  /** People see what would be done with a name; only the DNS stage reads and changes the zone. */
  plansNames(dns: BundledFunction): void {
    this.#dnsFunction = dns.lambda.functionName;
    this.function.allow(['lambda:InvokeFunction'], [dns.lambda.functionArn]);
  }

  #routes(): HttpApi {
    const api = new HttpApi(this, 'Api', {
      apiName: 'getschwifty',
      createDefaultStage: false,
      defaultAuthorizer: this.people.authorizer,
    });
    const integration = new HttpLambdaIntegration('Integration', this.function.lambda);
    const { ANY, GET } = HttpMethod;
    // The routes are data in api/routes/, and are said once: docs/adr/0015.
    api.addRoutes({ path: '/{proxy+}', methods: [ANY], integration });
    const open = { authorizer: new HttpNoneAuthorizer() };
    for (const route of api.addRoutes({ path: '/health', methods: [GET], integration, ...open })) {
      acknowledge(route, { 'AwsSolutions-APIG4': 'It says that the API is there, to whoever watches it.' });
    }
    return api;
  }

  #stage(): HttpStage {
    const fields = {
      requestId: '$context.requestId',
      at: '$context.requestTime',
      method: '$context.httpMethod',
      path: '$context.path',
      status: '$context.status',
      who: '$context.authorizer.claims.sub',
      from: '$context.identity.sourceIp',
      milliseconds: '$context.responseLatency',
      error: '$context.error.message',
      authorizerError: '$context.authorizer.error',
    };
    return new HttpStage(this, 'Stage', {
      httpApi: this.api,
      autoDeploy: true,
      detailedMetricsEnabled: true,
      throttle: { rateLimit: 50, burstLimit: 100 },
      accessLogSettings: {
        destination: new LogGroupLogDestination(logGroup(this, 'AccessLogs')),
        format: AccessLogFormat.custom(Stack.of(this).toJsonString(fields)),
      },
    });
  }
}
