/** Invariants over the synthesized stacks. One synth: each part looks at the same templates. */
import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { Assembly, testApp } from './assembly.ts';
import { clusterPermissions } from './invariants/cluster-permissions.ts';
import { eventRules } from './invariants/events.ts';
import { failureSurfaces } from './invariants/failures.ts';
import { holdings } from './invariants/holdings.ts';
import { permissions } from './invariants/permissions.ts';

const assembly = new Assembly();

eventRules(assembly);
failureSurfaces(assembly);
permissions(assembly);
clusterPermissions(assembly);
holdings(assembly);

describe('cdk-nag', () => {
  const findings = (pack: NagPack, scope: IConstruct) =>
    pack.validateScope(scope).violations.map(({ ruleName, violatingResources }) => ({
      ruleName,
      at: violatingResources.map(({ resourceLogicalId }) => resourceLogicalId),
    }));

  it('has no finding in either pack', () => {
    expect(findings(new AwsSolutionsChecks(assembly.app), assembly.app)).toEqual([]);
    expect(findings(new ServerlessChecks(assembly.app), assembly.app)).toEqual([]);
  });

  it('is really asked: a bucket that anybody could read is found', () => {
    const app = testApp();
    new Bucket(new Stack(app, 'Stack'), 'Open');
    const rules = findings(new AwsSolutionsChecks(app), app).map(({ ruleName }) => ruleName);
    expect(rules).toEqual(expect.arrayContaining(['AwsSolutions-S1', 'AwsSolutions-S10']));
  });
});
