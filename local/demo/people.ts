/** The people of the demo: users of the stack's own Cognito pool, signed in with passwords that nobody keeps. */
import { randomBytes } from 'node:crypto';
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
  NotAuthorizedException,
  UsernameExistsException,
} from '@aws-sdk/client-cognito-identity-provider';
import { Client } from '../../api/client/client.ts';
import { type Access, controlPlane } from './access.ts';

export interface Person {
  readonly name: string;
  readonly token: string;
  readonly client: Client;
}

/** Alice may approve, but not what she asked for herself. Olga runs GetSchwifty: she sees and redrives what failed. */
export const people: Readonly<Record<string, readonly string[]>> = {
  alice: ['checkout-members', 'checkout-approvers'],
  bob: ['checkout-approvers'],
  olga: ['getschwifty-operators'],
};

export async function signIn(
  access: Access,
  name: string,
  groups: readonly string[] = people[name] ?? [],
): Promise<Person> {
  const { UserPoolId, UserPoolClientId } = controlPlane(access.cloud);
  const cognito = new CognitoIdentityProviderClient(access.sdk);
  const user = { UserPoolId, Username: name };
  await cognito
    .send(new AdminCreateUserCommand({ ...user, MessageAction: 'SUPPRESS' }))
    .catch((error: unknown) => {
      if (!(error instanceof UsernameExistsException)) throw error;
    });
  for (const GroupName of groups) await cognito.send(new AdminAddUserToGroupCommand({ ...user, GroupName }));
  const token = await tokenOf(cognito, { ...user, UserPoolClientId });
  return { name, token, client: new Client({ api: access.api, token }) };
}

interface User {
  readonly UserPoolId: string;
  readonly UserPoolClientId: string;
  readonly Username: string;
}

/** By a password made for it. Whoever signs the same person in at that moment makes another one: then once more. */
async function tokenOf(
  cognito: CognitoIdentityProviderClient,
  { UserPoolClientId, ...user }: User,
  tries = 5,
): Promise<string> {
  const Password = `Aa1!${randomBytes(18).toString('base64url')}`;
  await cognito.send(new AdminSetUserPasswordCommand({ ...user, Password, Permanent: true }));
  try {
    const { AuthenticationResult } = await cognito.send(
      new InitiateAuthCommand({
        ClientId: UserPoolClientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME: user.Username, PASSWORD: Password },
      }),
    );
    if (AuthenticationResult?.AccessToken !== undefined) return AuthenticationResult.AccessToken;
  } catch (error) {
    if (!(error instanceof NotAuthorizedException) || tries <= 1) throw error;
    return tokenOf(cognito, { UserPoolClientId, ...user }, tries - 1);
  }
  throw new Error(`Cognito let ${user.Username} in without an access token`);
}
