/**
 * The bare path that the gate is measured beside: event → rule → queue → function → table, each as the gate has it
 * (memory, batch, concurrency), and nothing decided.
 */
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import * as z from '#core/zod.ts';

const app = new App();
const stack = new Stack(app, 'GetSchwiftyBench');
const string = (name: string) => ({ name, type: AttributeType.STRING });
const table = new Table(stack, 'Table', {
  partitionKey: string('pk'),
  sortKey: string('sk'),
  billingMode: BillingMode.PAY_PER_REQUEST,
  removalPolicy: RemovalPolicy.DESTROY,
});
const lambda = new LambdaFunction(stack, 'Function', {
  code: Code.fromAsset(z.string().parse(app.node.tryGetContext('bundle'))),
  handler: 'index.handler',
  runtime: Runtime.NODEJS_24_X,
  architecture: Architecture.ARM_64,
  memorySize: 1024,
  timeout: Duration.seconds(60),
  environment: { TABLE_NAME: table.tableName },
});
table.grantWriteData(lambda);
const queue = new Queue(stack, 'Queue', { visibilityTimeout: Duration.minutes(6) });
lambda.addEventSource(
  new SqsEventSource(queue, { batchSize: 5, maxConcurrency: 10, reportBatchItemFailures: true }),
);
const rule = new Rule(stack, 'Rule', { eventPattern: { source: ['bench'], detailType: ['Bare'] } });
rule.addTarget(new SqsQueue(queue));
new CfnOutput(stack, 'BareTableName', { value: table.tableName });
