/** Who may read at an index: by the machine's own role, from Secrets Manager or from CodeArtifact. It stays in this process. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parse, unreachable } from '#core/errors.ts';
import type { IndexCredential, Repository } from '#core/indexes.ts';
import { Credential, Token } from './env.ts';
import { type Ending, renewed } from './renewed.ts';

/** @returns what the Authorization header says, whenever it is asked for. @throws at once where there is no right to it. */
export async function authorizationOf(
  credential: IndexCredential,
  say: (line: string) => void,
): Promise<() => Promise<string>> {
  switch (credential.kind) {
    case 'secret': {
      const authorization = await secretOf(credential.secret);
      return async () => authorization;
    }
    case 'codeArtifact': {
      const ask = renewed({ get: () => tokenOf(credential), say });
      await ask();
      return ask;
    }
    default:
      return unreachable(credential);
  }
}

/** @throws never with a part of the secret. */
async function secretOf(secret: string): Promise<string> {
  const what = ['secretsmanager', 'get-secret-value', '--secret-id', secret];
  const text = await aws([...what, '--query', 'SecretString', '--output', 'text']);
  const { username, password } = parse(Credential, jsonOf(text), `secret ${secret}`);
  return basic(username, password);
}

/** The shortest that there is: longer than most builds, and little worth to whoever came by it. */
const lastsSeconds = 900;

/** The user is the one that `aws codeartifact login` gives pip. @throws never with a part of the token. */
async function tokenOf({ domain, owner, region }: Repository): Promise<Ending> {
  const asked = Date.now();
  const what = ['codeartifact', 'get-authorization-token', '--domain', domain, '--domain-owner', owner];
  const how = ['--region', region, '--duration-seconds', String(lastsSeconds), '--output', 'json'];
  const text = await aws([...what, ...how]);
  const where = `the token of CodeArtifact's domain ${domain}`;
  const { authorizationToken, expiration } = parse(Token, jsonOf(text), where);
  // By this machine's own clock, should it be slow.
  const ends = Math.min(expiration, asked + lastsSeconds * 1000);
  return { authorization: basic('aws', authorizationToken), ends };
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

const aws = async (args: readonly string[]): Promise<string> =>
  (await promisify(execFile)('aws', [...args])).stdout;

/** Node.js's own message would show a piece of it. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
