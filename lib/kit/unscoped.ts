/** The actions that we allow on all resources, each with its reason: AWS knows no narrower resource for them. */
export const unscoped = {
  'xray:PutTelemetryRecords': 'X-Ray has no resources to send traces to.',
  'xray:PutTraceSegments': 'X-Ray has no resources to send traces to.',
  'ecr:GetAuthorizationToken':
    'The token is for the registry as a whole; what it opens, the other statements say.',
  'sts:GetServiceBearerToken':
    'Tokens are no resources; the condition on `sts:AWSServiceName` leaves those of CodeArtifact.',
  'inspector2:ListCoverage':
    'Findings of enhanced scanning are read in the name of the caller; Inspector lists all or nothing.',
  'inspector2:ListFindings':
    'Findings of enhanced scanning are read in the name of the caller; Inspector lists all or nothing.',
  'cloudwatch:PutMetricData':
    'Metrics are no resources; the condition on `cloudwatch:namespace` leaves one namespace.',
  'dynamodb:ListStreams': 'Lambda asks for it before it reads a stream; it is for all tables.',
  'ec2:AssignPrivateIpAddresses': 'Lambda makes the network interfaces of a function in a VPC.',
  'ec2:CreateNetworkInterface': 'Lambda makes the network interfaces of a function in a VPC.',
  'ec2:DeleteNetworkInterface': 'Lambda makes the network interfaces of a function in a VPC.',
  'ec2:DescribeNetworkInterfaces': 'Lambda makes the network interfaces of a function in a VPC.',
  'ec2:DescribeSubnets': 'Lambda makes the network interfaces of a function in a VPC.',
  'ec2:UnassignPrivateIpAddresses': 'Lambda makes the network interfaces of a function in a VPC.',
} as const;

export type UnscopedAction = keyof typeof unscoped;

/** As cdk-nag wants it. */
export const unscopedFinding = (actions: readonly UnscopedAction[]): Record<string, string> => ({
  'AwsSolutions-IAM5[Resource::*]': actions.map((action) => `${action}: ${unscoped[action]}`).join(' '),
});
