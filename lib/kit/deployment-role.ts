/** Who changes what this app deploys: the role that CloudFormation acts as, made by `cdk bootstrap`. */
import { DefaultStackSynthesizer, Fn, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export function deploymentRoleArn(scope: Construct): string {
  const { synthesizer } = Stack.of(scope);
  if (!(synthesizer instanceof DefaultStackSynthesizer))
    throw new Error(
      'A release repository lets only the role of the deployment change its policy, and this synthesizer names none: use DefaultStackSynthesizer, with cloudFormationExecutionRole where the bootstrap is your own.',
    );
  // It names account and region by pseudo parameters, for the template to fill in.
  return Fn.sub(synthesizer.cloudFormationExecutionRoleArn);
}
