/** Who says who people are: the provider that the configuration names, or a user pool with its teams' groups. */
import { Duration } from 'aws-cdk-lib';
import type { IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer, HttpUserPoolAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { AccountRecovery, FeaturePlan, Mfa, UserPool, UserPoolGroup } from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import { acknowledge } from './acknowledge.ts';
import { notBackedUp } from './backups.ts';
import { choicesOf, removalPolicyOf } from './context.ts';

export class People extends Construct {
  /** Checks a token's signature, issuer, audience and time. */
  readonly authorizer: IHttpRouteAuthorizer;
  /** Of the pool, for who adds people to it. */
  readonly outputs: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    const { identity } = config;
    if (identity) {
      this.authorizer = new HttpJwtAuthorizer('Token', identity.issuer, { jwtAudience: identity.audience });
      this.outputs = {};
      return;
    }
    const pool = this.#pool();
    const client = pool.addClient('Cli', {
      // The CLI signs in by the API; a console with a page to come back to is a client of its own.
      disableOAuth: true,
      authFlows: { userPassword: true, userSrp: true },
      preventUserExistenceErrors: true,
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(1),
    });
    for (const groupName of groupsOf(config))
      new UserPoolGroup(this, `Group-${groupName}`, { userPool: pool, groupName });
    this.authorizer = new HttpUserPoolAuthorizer('Token', pool, { userPoolClients: [client] });
    this.outputs = { UserPoolId: pool.userPoolId, UserPoolClientId: client.userPoolClientId };
  }

  #pool(): UserPool {
    const pool = new UserPool(this, 'Pool', {
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
    acknowledge(pool, {
      'AwsSolutions-COG2':
        "People come from the organisation's identity provider, which asks for a second factor; users of the pool itself may have one.",
      'AwsSolutions-COG8':
        "Threat protection is the identity provider's; the plus plan is paid for by each user.",
    });
    notBackedUp(pool, "People come from the organisation's provider; AWS has no backup of a user pool.");
    return pool;
  }
}

const groupsOf = ({ teams, operators, security }: Config): Set<string> => {
  const ofTeams = teams.flatMap(({ members, approvers, admins = [] }) => [members, approvers].concat(admins));
  return new Set([...ofTeams, operators, security]);
};
