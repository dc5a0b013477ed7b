/** Who people are: a user pool with the groups that the configuration's teams name. */
import { Duration } from 'aws-cdk-lib';
import {
  AccountRecovery,
  FeaturePlan,
  Mfa,
  UserPool,
  type UserPoolClient,
  UserPoolGroup,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import { acknowledge } from './acknowledge.ts';
import { choicesOf, removalPolicyOf } from './context.ts';

export class People extends Construct {
  readonly pool: UserPool;
  readonly client: UserPoolClient;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    this.pool = new UserPool(this, 'Pool', {
      selfSignUpEnabled: false,
      signInAliases: { username: true, email: true },
      passwordPolicy: {
        minLength: 12,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
      },
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      mfa: Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      featurePlan: FeaturePlan.ESSENTIALS,
      deletionProtection: choicesOf(this).deletionProtection,
      removalPolicy: removalPolicyOf(this),
    });
    acknowledge(this.pool, {
      'AwsSolutions-COG2':
        "People come from the organisation's identity provider, which asks for a second factor; users of the pool itself may have one.",
      'AwsSolutions-COG8':
        "Threat protection is the identity provider's; the plus plan is paid for by each user.",
    });
    this.client = this.pool.addClient('Cli', {
      // The CLI signs in by the API; a console with a page to come back to is a client of its own.
      disableOAuth: true,
      authFlows: { userPassword: true, userSrp: true },
      preventUserExistenceErrors: true,
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(1),
    });
    const teams = config.teams.flatMap(({ members, approvers, admins = [] }) =>
      [members, approvers].concat(admins),
    );
    const groups = new Set([...teams, config.operators, config.security]);
    for (const groupName of groups) {
      new UserPoolGroup(this, `Group-${groupName}`, { userPool: this.pool, groupName });
    }
  }
}
