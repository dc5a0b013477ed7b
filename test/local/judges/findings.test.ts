/** Judges against reasons: neither stands without the other. */
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { acknowledge } from '#lib/kit/acknowledge.ts';
import {
  type Finding,
  findingsOfCfnLint,
  findingsOfCheckov,
  unexcused,
  weigh,
} from '#local/judges/findings.ts';

const reason = 'It holds nothing that anybody would miss.';

function templateWith(findings: Record<string, string>, of: 'bucket' | 'stack'): string {
  const stack = new Stack(undefined, 'Stack');
  const bucket = new Bucket(stack, 'Bucket');
  acknowledge(of === 'bucket' ? bucket : stack, findings);
  return JSON.stringify(Template.fromStack(stack).toJSON());
}

const finding = (given: Partial<Finding> = {}): Finding => ({
  judge: 'checkov',
  rule: 'CKV_AWS_21',
  template: 'a.template.json',
  resource: 'Bucket83908E77',
  message: 'Ensure versioning',
  ...given,
});

describe('what is acknowledged', () => {
  const text = templateWith({ 'checkov CKV_AWS_21': reason, 'cfn-lint W3045': reason }, 'bucket');

  it('is in the template as each judge reads it', () => {
    expect(text).toContain(`"checkov":{"skip":[{"id":"CKV_AWS_21","comment":"${reason}"}]}`);
    expect(text).toContain('"cfn-lint":{"config":{"ignore_checks":["W3045"]}');
  });

  it('is taken out for the judges, and read', () => {
    const bare = unexcused(text, 'a.template.json');
    expect(bare.text).not.toContain('Metadata');
    expect(JSON.parse(bare.text).Resources).toHaveProperty('Bucket83908E77.Type', 'AWS::S3::Bucket');
    expect(bare.acknowledgements).toEqual([
      { judge: 'cfn-lint', rule: 'W3045', template: 'a.template.json', resource: 'Bucket83908E77', reason },
      {
        judge: 'checkov',
        rule: 'CKV_AWS_21',
        template: 'a.template.json',
        resource: 'Bucket83908E77',
        reason,
      },
    ]);
  });

  it('on a stack is of no resource', () => {
    const [one] = unexcused(templateWith({ 'cfn-lint W6001': reason }, 'stack'), 'a').acknowledgements;
    expect(one).toMatchObject({ rule: 'W6001', resource: undefined });
  });

  it('twice on one construct is two', () => {
    const stack = new Stack(undefined, 'Stack');
    const bucket = new Bucket(stack, 'Bucket');
    acknowledge(bucket, { 'checkov CKV_AWS_18': reason });
    acknowledge(bucket, { 'checkov CKV_AWS_21': reason });
    const read = unexcused(JSON.stringify(Template.fromStack(stack).toJSON()), 'a').acknowledgements;
    expect(read.map(({ rule }) => rule)).toEqual(['CKV_AWS_18', 'CKV_AWS_21']);
  });

  it('must be on the construct of one resource', () => {
    const scope = new Construct(new Stack(undefined, 'Stack'), 'Several');
    expect(() => acknowledge(scope, { 'checkov CKV_AWS_18': reason })).toThrow(
      /Stack\/Several is not the construct of one resource/,
    );
  });

  it('needs a reason that says something', () => {
    expect(() => unexcused(templateWith({ 'checkov CKV_AWS_21': 'no' }, 'bucket'), 'a')).toThrow();
  });
});

describe('weighing', () => {
  const excuse = { ...finding(), reason };

  it.each([
    ['a finding with its reason', [finding()], [excuse], []],
    ['nothing at all', [], [], []],
    [
      'a finding without a reason',
      [finding()],
      [],
      [
        'a.template.json Bucket83908E77 checkov CKV_AWS_21: Ensure versioning: mend it, or acknowledge it with its reason',
      ],
    ],
    [
      'a reason without a finding',
      [],
      [excuse],
      ['a.template.json Bucket83908E77 checkov CKV_AWS_21: the reason has no finding any more: remove it'],
    ],
    [
      'a reason on another resource',
      [finding()],
      [{ ...excuse, resource: 'Other' }],
      [expect.stringContaining('mend it'), expect.stringContaining('Other checkov CKV_AWS_21: the reason')],
    ],
    [
      "a reason for the other judge's rule",
      [finding()],
      [{ ...excuse, judge: 'cfn-lint' as const }],
      [expect.stringContaining('mend it'), expect.stringContaining('cfn-lint CKV_AWS_21')],
    ],
    [
      'a reason in another template',
      [finding()],
      [{ ...excuse, template: 'b' }],
      [expect.stringContaining('mend it'), expect.stringContaining('b Bucket83908E77')],
    ],
    ['one finding told twice', [finding(), finding()], [excuse], []],
  ])('%s', (_, findings, acknowledgements, problems) => {
    expect(weigh(findings, acknowledgements)).toEqual(problems);
  });
});

describe('reports', () => {
  it('of cfn-lint name the resource of a path, or none', () => {
    const of = (Path: unknown) => ({
      Filename: '/x/a.template.json',
      Rule: { Id: 'W3005' },
      Message: 'twice',
      Location: { Path },
    });
    const report = JSON.stringify([
      of(['Resources', 'Function', 'DependsOn', 0]),
      of(['Outputs', 'Table']),
      of(null),
    ]);
    const common = { judge: 'cfn-lint', rule: 'W3005', template: 'a.template.json', message: 'twice' };
    expect(findingsOfCfnLint(report)).toEqual([
      { ...common, resource: 'Function' },
      { ...common, resource: undefined },
      { ...common, resource: undefined },
    ]);
  });

  const checkov = (parsing_errors: number, resource_count: number) =>
    JSON.stringify({
      summary: { parsing_errors, resource_count },
      results: {
        failed_checks: [
          {
            check_id: 'CKV_AWS_21',
            check_name: 'Ensure versioning',
            file_path: '/a.template.json',
            resource: 'AWS::S3::Bucket.Bucket83908E77',
          },
        ],
      },
    });

  it('of checkov name the resource without its type', () => {
    expect(findingsOfCheckov(checkov(0, 1))).toEqual([finding()]);
  });

  it('of a checkov that read nothing, or not all, are no acquittal', () => {
    expect(() => findingsOfCheckov(checkov(0, 0))).toThrow(/read 0 resources/);
    expect(() => findingsOfCheckov(checkov(1, 5))).toThrow(/1 files it could not read/);
  });
});
