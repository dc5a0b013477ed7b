/**
 * How large a function's environment will be, at synth: Lambda refuses more than 4 KB in the midst of a deployment. What is known only
 * there is taken for as long as CloudFormation makes it. Sources: AWS Lambda developer guide, "Lambda quotas"; AWS CloudFormation user
 * guide, "Resource identifiers": a name is the stack's, the logical id and some random characters.
 */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** It measures names and values as one JSON text: its refusal shows what it measured (github-aws-runners/terraform-aws-github-runner, issue 3594). */
const environmentBytes = 4096;

/** What AWS puts before a name in a URL or an ARN, of the longest region. */
const before = 'https://sqs.ap-southeast-1.amazonaws.com.cn/123456789012/'.length;
const random = '-1ABCDEFGHIJKL'.length;
/** Of a pseudo parameter: none is longer. */
const pseudo = 'amazonaws.com.cn'.length;

/** @returns what is wrong with it. */
export function tooLarge(scope: Construct, environment: Readonly<Record<string, string>>): string[] {
  const stack = Stack.of(scope);
  const size = lengthOf(stack.resolve(environment), stack.stackName);
  return size <= environmentBytes
    ? []
    : [
        `Its environment is of some ${size} bytes, and Lambda takes ${environmentBytes}: each cluster adds the names of its queues. Have fewer clusters in one installation.`,
      ];
}

/** As JSON, with what stands between parts. */
function lengthOf(value: unknown, stackName: string): number {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null).length + 1;
  const [[name, inner] = ['', undefined], ...rest] = Object.entries(value);
  if (rest.length === 0 && (name === 'Ref' || name.startsWith('Fn::')))
    return deployed(name, inner, stackName);
  return Object.entries(value).reduce(
    (sum, [key, each]) => sum + JSON.stringify(key).length + 1 + lengthOf(each, stackName),
    1,
  );
}

function deployed(name: string, inner: unknown, stackName: string): number {
  const own = stackName.length + 1 + random;
  switch (name) {
    case 'Ref': {
      const id = String(inner);
      return id.startsWith('AWS::') ? pseudo : own + id.length + (id.includes('Queue') ? before : 0);
    }
    case 'Fn::GetAtt': {
      const [id = '', attribute = ''] = Array.isArray(inner) ? inner.map(String) : [];
      return own + id.length + (attribute === 'Arn' ? before : 0);
    }
    case 'Fn::ImportValue': {
      const exported = String(inner);
      return exported.length + (/Arn|RefPager|Ref\w*Queue/.test(exported) ? before : 0);
    }
    case 'Fn::Join': {
      const parts: unknown[] = Array.isArray(inner) && Array.isArray(inner[1]) ? inner[1] : [];
      return parts.reduce<number>(
        (sum, part) =>
          sum + (typeof part === 'string' ? JSON.stringify(part).length - 2 : lengthOf(part, stackName)),
        3,
      );
    }
    default:
      return own + before;
  }
}
