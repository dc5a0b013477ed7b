/** A finding of cdk-nag that we live with, and why: written next to the construct that has it. */
import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** @param findings rule → reason. A rule that names a wildcard has it in brackets: `AwsSolutions-IAM5[Resource::*]`. */
export function acknowledge(construct: IConstruct, findings: Readonly<Record<string, string>>): void {
  Validations.of(construct).acknowledge(...Object.entries(findings).map(([id, reason]) => ({ id, reason })));
}

/** The findings on policies that AWS manages, as `acknowledge` takes them. */
export const managedPolicies = (names: readonly string[], reason: string): Record<string, string> =>
  Object.fromEntries(
    names.map((name) => [`AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${name}]`, reason]),
  );
