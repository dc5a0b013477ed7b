/** What the kit refuses at synth, and what whoever deploys may choose. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { Config } from '#core/config.ts';
import { Team } from '#core/team.ts';
import * as z from '#core/zod.ts';
import { Env } from '#lambdas/gate/env.ts';
import { makeStacks } from '#lib/app.ts';
import { loadConfig } from '#lib/config-file.ts';
import { DataStack } from '#lib/data-stack.ts';
import { BundledFunction } from '#lib/kit/bundled-function.ts';
import { tooLarge } from '#lib/kit/environment-size.ts';
import { buildspec } from '#lib/stages/buildspec.ts';
import { testApp } from './assembly.ts';

const functionWith = (env: z.ZodMiniObject, environment: Record<string, string>, context = {}) =>
  new BundledFunction(new Stack(testApp(context), 'Stack'), 'Function', {
    name: 'gate',
    description: 'A gate',
    env,
    environment,
    timeout: Duration.seconds(1),
  });

const templateOf = (config: Config) => {
  const app = testApp();
  makeStacks(app, config);
  return Template.fromStack(z.instanceof(Stack).parse(app.node.findChild('GetSchwiftyControlPlane')));
};

describe("a function's environment", () => {
  it('is refused at synth where its schema refuses it, and told which variable', () => {
    expect(() => functionWith(Env, { TABLE_NAME: '', DLQ_URL: 'no url' })).toThrow(
      /function gate breaks lambdas\/gate\/env\.ts: TABLE_NAME: .*; DLQ_URL: Invalid URL/,
    );
    expect(() => functionWith(Env, { TABLE_NAME: 'table' })).toThrow(/DLQ_URL/);
  });

  it('may hold nothing that the schema does not name', () => {
    const environment = {
      TABLE_NAME: 'table',
      REPORTS_BUCKET: 'bucket',
      DLQ_URL: 'https://queue.example',
      TABEL: 'typo',
    };
    expect(() => functionWith(Env, environment)).toThrow(/TABEL/);
  });

  it('takes values that are known only when it is deployed', () => {
    const stack = new Stack(testApp(), 'Stack');
    const queue = new Queue(stack, 'Queue');
    const environment = { TABLE_NAME: 'table', REPORTS_BUCKET: 'bucket', DLQ_URL: queue.queueUrl };
    const props = {
      name: 'gate',
      description: 'A gate',
      env: Env,
      environment,
      timeout: Duration.seconds(1),
    };
    expect(() => new BundledFunction(stack, 'Function', props)).not.toThrow();
  });

  it('is refused at synth where Lambda would refuse it in a deployment: 4 KB, with names that are not known yet', () => {
    const Wide = z.object({ WIDE: z.string() });
    const sized = (length: number) => functionWith(Wide, { WIDE: 'x'.repeat(length) }).node.validate();
    expect(sized(4000)).toEqual([]);
    expect(sized(4096)).toEqual([expect.stringMatching(/of some 41\d\d bytes, and Lambda takes 4096/)]);
    const stack = new Stack(testApp(), 'GetSchwiftyControlPlane');
    // CloudFormation makes names of 60 characters and URLs of 110 of them.
    const reckoned = (count: number, value: (queue: Queue) => string) => {
      const made = Array.from(
        { length: count },
        (_, i) => new Queue(stack, `Queue${stack.node.children.length}${i}`),
      );
      return tooLarge(stack, { QUEUES: made.map(value).join(' ') }).length;
    };
    expect([reckoned(30, (it) => it.queueUrl), reckoned(50, (it) => it.queueUrl)]).toEqual([0, 1]);
    expect([reckoned(60, (it) => it.queueName), reckoned(90, (it) => it.queueName)]).toEqual([0, 1]);
  });

  it('needs the bundle', () => {
    const environment = { TABLE_NAME: 'table', REPORTS_BUCKET: 'bucket', DLQ_URL: 'https://queue.example' };
    expect(() => functionWith(Env, environment, { bundles: '/nowhere' })).toThrow(
      /run "node lib\/bundle.ts" first/,
    );
  });
});

const Retries = z.object({
  healthyRetryPolicy: z.record(
    z.enum([
      'minDelayTarget',
      'maxDelayTarget',
      'numRetries',
      'numNoDelayRetries',
      'numMinDelayRetries',
      'numMaxDelayRetries',
    ]),
    z.number(),
  ),
});

describe('choices', () => {
  const dataStack = (context: Record<string, unknown>) =>
    Template.fromStack(new DataStack(testApp(context), 'Data'));

  it('retain=false, as the command line gives it, lets everything go', () => {
    const template = dataStack({ retain: 'false', deletionProtection: 'false' });
    for (const type of ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::KMS::Key'])
      template.allResources(type, { DeletionPolicy: 'Delete' });
    template.hasResourceProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: false });
  });

  it('subscribers of the pager are e-mail addresses and https URLs, with a DLQ', () => {
    const template = dataStack({ pagerSubscriptions: 'ops@example.org,https://pager.example/hook' });
    template.resourcePropertiesCountIs(
      'AWS::SNS::Subscription',
      { Protocol: 'email', Endpoint: 'ops@example.org' },
      1,
    );
    template.resourcePropertiesCountIs('AWS::SNS::Subscription', { Protocol: 'https' }, 1);
    for (const { Properties } of Object.values(template.findResources('AWS::SNS::Subscription'))) {
      expect(Properties).toHaveProperty('RedrivePolicy');
      // SNS refuses a policy for what it does not send by HTTP.
      expect(Properties['DeliveryPolicy'] !== undefined).toBe(Properties['Protocol'] === 'https');
    }
    expect(() => dataStack({ pagerSubscriptions: 'http://plain.example' })).toThrow(
      /neither an e-mail address nor/,
    );
  });

  it('an https endpoint of the pager is tried soon, and for as much of an hour as SNS allows', () => {
    const template = dataStack({ pagerSubscriptions: 'https://pager.example/hook' });
    const [subscription] = Object.values(template.findResources('AWS::SNS::Subscription'));
    const { healthyRetryPolicy: retries } = Retries.parse(subscription?.['Properties'].DeliveryPolicy);
    const { numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries, numRetries } = retries;
    // Without a phase of backoff its time is known to the second.
    expect(numNoDelayRetries + numMinDelayRetries + numMaxDelayRetries).toBe(numRetries);
    expect(numRetries).toBeLessThanOrEqual(100);
    const seconds = numMinDelayRetries * retries.minDelayTarget + numMaxDelayRetries * retries.maxDelayTarget;
    expect(seconds).toBeLessThanOrEqual(3600);
    expect(seconds).toBeGreaterThan(3500);
    expect(numNoDelayRetries).toBeGreaterThan(0);
    expect(retries.minDelayTarget).toBeLessThanOrEqual(10);
  });

  it('a choice that is none is refused by its name', () => {
    expect(() => dataStack({ retain: 'perhaps' })).toThrow(
      /the context \(cdk.json and -c\) is not valid: retain/,
    );
  });
});

describe('the build', () => {
  const text = String(new Stack(testApp(), 'Stack').resolve(buildspec.toBuildSpec()));

  it('pushes one plain manifest, with the cache in and out of a repository of its own', () => {
    expect(text).toContain('--provenance=false --sbom=false');
    expect(text).toContain('mode=max,image-manifest=true,oci-mediatypes=true');
    expect(text.match(/CACHE_REPOSITORY:cache/g)).toHaveLength(2);
  });

  it('never writes the registry password to a command line', () => {
    expect(text).toContain('get-login-password | docker login --username AWS --password-stdin');
  });
});

describe('the configuration', () => {
  it('is asked for by name when it is not there', () => {
    expect(() => loadConfig('/nowhere.yaml')).toThrow(
      /\/nowhere.yaml can not be read: set GETSCHWIFTY_CONFIG/,
    );
  });
});

describe('who signs people in', () => {
  const config = loadConfig('getschwifty.config.yaml');

  it('is a pool of the stack, whose client alone its tokens are for', () => {
    const template = templateOf(config);
    template.resourceCountIs('AWS::Cognito::UserPool', 1);
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Audience: [{ Ref: Match.stringLikeRegexp('^ApiPeoplePoolCli') }] },
    });
    expect(template.findOutputs('UserPoolId')).not.toEqual({});
  });

  it("is the organisation's provider where the configuration names one, and no pool", () => {
    const identity = { issuer: 'https://login.example/tenant/v2.0', audience: ['getschwifty', 'cli'] };
    const template = templateOf(Config.parse({ ...config, identity }));
    template.resourceCountIs('AWS::Cognito::UserPool', 0);
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Issuer: identity.issuer, Audience: identity.audience },
    });
    for (const route of Object.values(template.findResources('AWS::ApiGatewayV2::Route')))
      expect(route).toMatchObject({
        Properties: { AuthorizationType: route['Properties'].RouteKey === 'GET /health' ? 'NONE' : 'JWT' },
      });
    expect(template.findOutputs('UserPoolId')).toEqual({});
  });
});

describe("teams' datasets", () => {
  it('may be read by workers, and read and listed by the stage of jobs, below their prefixes alone', () => {
    const config = loadConfig('getschwifty.config.yaml');
    const [team] = config.teams;
    if (team === undefined) throw new Error('there is a team');
    const other = Team.parse({ name: 'other', members: 'm', approvers: 'a' });
    const key = 'arn:aws:kms:eu-central-1:111122223333:key/mrk-11111111222233334444555555555555';
    const teams = [{ ...team, datasets: ['s3://lake/shared/2026/'], datasetKeys: [key] }, other];
    const template = templateOf({ ...config, teams });
    const policies = Object.values(template.findResources('AWS::IAM::Policy'));
    // Statements of one action are put together: each resource by itself.
    const said = (of: string) =>
      policies.flatMap((policy) => {
        const { PolicyName, PolicyDocument } = Named.parse(policy['Properties']);
        if (!PolicyName.startsWith(of)) return [];
        return PolicyDocument.Statement.flatMap(({ Action, Resource, Condition }) =>
          [Resource]
            .flat()
            .filter((one) => JSON.stringify(one).includes(':s3:::lake'))
            .map((one) => ({ Action, Resource: one, ...(Condition ? { Condition } : {}) })),
        );
      });
    const read = { Action: 's3:GetObject', Resource: arnOf('lake/shared/2026/*') };
    const list = {
      Action: 's3:ListBucket',
      Resource: arnOf('lake'),
      Condition: { StringLike: { 's3:prefix': 'shared/2026/*' } },
    };
    expect(said('JobWorkersRolecheckout')).toEqual([read]);
    expect(said('JobWorkersRoleother')).toEqual([]);
    expect(said('JobsFunction')).toEqual([read, list]);
    const decrypting = policies
      .map(({ Properties }) => Named.parse(Properties))
      .filter(({ PolicyDocument }) => JSON.stringify(PolicyDocument).includes(key));
    expect(decrypting.map(({ PolicyName }) => PolicyName.replace(/DefaultPolicy.*/, ''))).toEqual([
      expect.stringMatching(/^JobWorkersRolecheckout/),
      expect.stringMatching(/^JobsFunction/),
    ]);
    for (const { PolicyDocument } of decrypting)
      expect(PolicyDocument.Statement.find(({ Action }) => Action === 'kms:Decrypt')).toMatchObject({
        Resource: key,
        Condition: {
          StringEquals: {
            'kms:ViaService': { 'Fn::Join': ['', ['s3.eu-central-1.', { Ref: 'AWS::URLSuffix' }]] },
          },
        },
      });
  });

  it('and the secrets of its databases, with their key, by its own workers alone', () => {
    const config = loadConfig('getschwifty.config.yaml');
    const key = 'arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555';
    const orders = { name: 'orders', secret: 'shop/orders', key, network: '10.0.0.0/8' };
    const teams = [
      Team.parse({ name: 'shop', members: 'm', approvers: 'a', databases: [orders] }),
      Team.parse({ name: 'other', members: 'm', approvers: 'a' }),
    ];
    const template = templateOf({ ...config, environments: [], teams });
    const policies = Object.values(template.findResources('AWS::IAM::Policy')).map(({ Properties }) =>
      Named.parse(Properties),
    );
    const reading = policies.filter((policy) =>
      /shop\/orders|kms:us-east-1:1111/.test(JSON.stringify(policy)),
    );
    expect(reading.map(({ PolicyName }) => PolicyName)).toEqual([
      expect.stringMatching(/^JobWorkersRoleshop/),
    ]);
    const statements = reading[0]?.PolicyDocument.Statement ?? [];
    expect(
      statements.find(({ Action }) => Action === 'secretsmanager:GetSecretValue')?.Resource,
    ).toMatchObject({
      'Fn::Join': ['', expect.arrayContaining([':secret:shop/orders-??????'])],
    });
    expect(statements.find(({ Action }) => Action === 'kms:Decrypt')).toMatchObject({
      Resource: key,
      Condition: { StringEquals: { 'kms:ViaService': expect.anything() } },
    });
  });

  const arnOf = (resource: string) => ({
    'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:s3:::${resource}`]],
  });
  const Named = z.object({
    PolicyName: z.string(),
    PolicyDocument: z.object({
      Statement: z.array(
        z.looseObject({ Action: z.unknown(), Resource: z.unknown(), Condition: z.optional(z.unknown()) }),
      ),
    }),
  });
});
