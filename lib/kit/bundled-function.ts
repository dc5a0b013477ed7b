/**
 * A function from its bundle (lib/bundle.ts), under a role of its own that may do nothing but write its log. Its
 * environment is held to the schema in its env.ts here, as the function itself does at its start.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Duration, Token } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  RecursiveLoop,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import * as z from '#core/zod.ts';
import { acknowledge } from './acknowledge.ts';
import { choicesOf } from './context.ts';
import { tooLarge } from './environment-size.ts';
import { logGroup } from './log-group.ts';
import { type UnscopedAction, unscopedFinding } from './unscoped.ts';

export interface BundledFunctionProps<S extends z.ZodMiniObject> {
  /** The folder in lambdas/. */
  readonly name: string;
  readonly description: string;
  /** `Env` of the function's env.ts. */
  readonly env: S;
  readonly environment: Readonly<Record<keyof z.input<S>, string>>;
  readonly timeout: Duration;
  readonly memorySize?: number;
  /** Without network of its own unless it must reach something in a VPC. */
  readonly network?: { readonly vpc: IVpc; readonly securityGroup: ISecurityGroup };
  /** It asks itself on, through its own queue, and comes to an end: Lambda would stop it after some sixteen turns. */
  readonly asksItself?: boolean;
  /** Where an asynchronous invocation goes that failed for good. */
  readonly failures?: IQueue;
}

/** What the managed policy AWSLambdaVPCAccessExecutionRole allows, without the logs of every other function. */
const networkActions = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
] as const satisfies readonly UnscopedAction[];

export class BundledFunction<S extends z.ZodMiniObject = z.ZodMiniObject> extends Construct {
  readonly lambda: LambdaFunction;
  readonly role: Role;
  readonly #unscopedActions: UnscopedAction[] = [];
  /** The bundle's folder. */
  readonly bundle: string;

  constructor(scope: Construct, id: string, props: BundledFunctionProps<S>) {
    super(scope, id);
    this.bundle = bundleOf(this, props.name);
    checkEnvironment(props.name, props.env, props.environment);
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: props.description,
    });
    const logs = logGroup(this, 'Logs');
    logs.grantWrite(this.role);
    this.lambda = new LambdaFunction(this, 'Function', {
      description: props.description,
      code: Code.fromAsset(this.bundle),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memorySize ?? 512,
      timeout: props.timeout,
      environment: { ...props.environment },
      role: this.role,
      logGroup: logs,
      tracing: Tracing.ACTIVE,
      ...(props.network && {
        vpc: props.network.vpc,
        vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
        securityGroups: [props.network.securityGroup],
      }),
      ...(props.failures && { deadLetterQueue: props.failures }),
      ...(props.asksItself && { recursiveLoop: RecursiveLoop.ALLOW }),
    });
    this.node.addValidation({ validate: () => tooLarge(this, props.environment) });
    this.#unscoped('xray:PutTelemetryRecords', 'xray:PutTraceSegments');
    this.#acknowledge(props);
  }

  #acknowledge({ network, failures, environment }: BundledFunctionProps<S>): void {
    acknowledge(this.lambda, {
      'cfn-lint W3005': 'CDK lets a function wait for its role by name, too: harmless.',
      'checkov CKV_AWS_115':
        'Its queue, the throttle of the API or the clock bounds it; what it reserved would be lost to all other functions of the account.',
      ...(Object.keys(environment).length > 0 && {
        'checkov CKV_AWS_173': 'It holds names and addresses, no secret.',
      }),
      ...(!network && { 'checkov CKV_AWS_117': 'It calls public endpoints of AWS and nothing in a VPC.' }),
      ...(!failures && { 'checkov CKV_AWS_116': invokerSees }),
    });
    if (!failures) acknowledge(this, { 'Serverless-LambdaDLQ': invokerSees });
    if (!network) return;
    this.allowUnscoped(...networkActions);
    acknowledge(this.role.node.findChild('DefaultPolicy'), {
      'checkov CKV_AWS_111': 'Network interfaces are made by Lambda, on whatever subnet it is given.',
    });
  }

  allow(actions: readonly string[], resources: readonly string[], conditions?: Conditions): void {
    const statement = { actions: [...actions], resources: [...resources] };
    this.role.addToPolicy(new PolicyStatement(conditions ? { ...statement, conditions } : statement));
  }

  /** For what AWS knows no resource; kit/unscoped.ts has the reasons. */
  allowUnscoped(...actions: UnscopedAction[]): void {
    this.allow(actions, ['*']);
    this.#unscoped(...actions);
  }

  #unscoped(...actions: UnscopedAction[]): void {
    this.#unscopedActions.push(...actions);
    acknowledge(this, unscopedFinding(this.#unscopedActions));
  }
}

const invokerSees = 'Its invoker sees a failure: an API, CloudFormation, or a queue or stream with a DLQ.';

type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

function bundleOf(scope: Construct, name: string): string {
  const folder = join(choicesOf(scope).bundles, name);
  if (!existsSync(join(folder, 'index.mjs')))
    throw new Error(`The bundle of function ${name} is not in ${folder}: run "node lib/bundle.ts" first.`);
  return folder;
}

/** A token has no value yet: that it is given is all that can be checked. */
function checkEnvironment(name: string, env: z.ZodMiniObject, given: Readonly<Record<string, string>>): void {
  const issues = z.strictObject(env.shape).safeParse(given).error?.issues ?? [];
  const problems = issues
    .filter(({ path }) => !Token.isUnresolved(given[String(path[0])]))
    .map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`);
  if (problems.length > 0)
    throw new Error(
      `The environment of function ${name} breaks lambdas/${name}/env.ts: ${problems.join('; ')}`,
    );
}
