/** Invariants over the synthesized stacks. One synth: each part looks at the same templates. */
import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { acknowledge } from '#lib/kit/acknowledge.ts';
import { Assembly, testApp } from './assembly.ts';
import { clusterPermissions } from './invariants/cluster-permissions.ts';
import { eventRules } from './invariants/events.ts';
import { failureSurfaces } from './invariants/failures.ts';
import { holdings } from './invariants/holdings.ts';
import { permissions } from './invariants/permissions.ts';
import { nagged } from './nag.ts';

const assembly = new Assembly();

eventRules(assembly);
failureSurfaces(assembly);
permissions(assembly);
clusterPermissions(assembly);
holdings(assembly);

describe('cdk-nag', () => {
  it('has no finding in either pack without a reason, and no reason is without a finding', () =>
    expect(nagged(assembly.app)).toEqual({ bare: [], stale: [] }));

  it('is really asked: a bucket that anybody could read is found, and so is a reason for what is not there', () => {
    const app = testApp();
    const stack = new Stack(app, 'Stack');
    const bucket = new Bucket(stack, 'Open');
    const reason = 'Nothing is in it that anybody could want.';
    acknowledge(bucket, { 'AwsSolutions-S10': reason, 'AwsSolutions-SQS3': reason });
    acknowledge(stack, { 'AwsSolutions-S1': reason, 'Serverless-LambdaDLQ': reason });
    const { bare, stale } = nagged(app);
    expect(bare).toEqual([]);
    expect(stale).toEqual(['Stack: Serverless-LambdaDLQ', 'Stack/Open: AwsSolutions-SQS3']);
    new Bucket(new Stack(app, 'Other'), 'Bare');
    expect(nagged(app).bare).toEqual(
      expect.arrayContaining([
        'Other/Bare/Resource: AwsSolutions-S1',
        'Other/Bare/Resource: AwsSolutions-S10',
      ]),
    );
  });
});
