/**
 * A finding that we live with, and why: written next to the construct that has it. cdk-nag reads it from the construct,
 * cfn-lint and checkov from the template's metadata; `npm run check` fails on a reason that has no finding any more: of
 * cdk-nag in test/lib/, of the others in local/judges/.
 */
import { CfnResource, Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * @param findings rule → reason. A rule of cdk-nag is named as it is, with a wildcard in brackets
 * (`AwsSolutions-IAM5[Resource::*]`); one of the judges of templates with its judge (`cfn-lint W3005`,
 * `checkov CKV_AWS_18`), on the construct of one resource, or on a stack for what is not of a resource.
 */
export function acknowledge(construct: IConstruct, findings: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(findings)) {
    const [, judge, rule = ''] = /^(cfn-lint|checkov) (\w+)$/.exec(id) ?? [];
    if (judge === undefined) Validations.of(construct).acknowledge({ id, reason });
    else addSkip(metadataOf(construct), judge, { id: rule, comment: reason });
  }
}

/** The findings on policies that AWS manages, as `acknowledge` takes them. */
export const managedPolicies = (names: readonly string[], reason: string): Record<string, string> =>
  Object.fromEntries(
    names.map((name) => [`AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${name}]`, reason]),
  );

interface Skip {
  readonly id: string;
  readonly comment: string;
}

interface Metadata {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

function metadataOf(construct: IConstruct): Metadata {
  if (Stack.isStack(construct)) {
    const { templateOptions } = construct;
    templateOptions.metadata ??= {};
    const { metadata } = templateOptions;
    return {
      get: (key) => metadata[key],
      set: (key, value) => {
        metadata[key] = value;
      },
    };
  }
  const resource = CfnResource.isCfnResource(construct) ? construct : construct.node.defaultChild;
  if (resource === undefined || !CfnResource.isCfnResource(resource))
    throw new Error(
      `${construct.node.path} is not the construct of one resource: acknowledge the finding there.`,
    );
  return {
    get: (key) => resource.getMetadata(key),
    set: (key, value) => resource.addMetadata(key, value),
  };
}

/** As each judge wants it; cfn-lint has no place for a reason, so it stands beside. */
function addSkip(metadata: Metadata, judge: string, skip: Skip): void {
  const skips = [...skipsIn(metadata.get(judge)), skip];
  metadata.set(
    judge,
    judge === 'checkov'
      ? { skip: skips }
      : { config: { ignore_checks: skips.map(({ id }) => id) }, skip: skips },
  );
}

const skipsIn = (value: unknown): readonly Skip[] =>
  typeof value === 'object' && value !== null && 'skip' in value && Array.isArray(value.skip)
    ? value.skip
    : [];
