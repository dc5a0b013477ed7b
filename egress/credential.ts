/** Who may read at an index, from Secrets Manager by the machine's own role. It stays in this process. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parse } from '#core/errors.ts';
import { Credential } from './env.ts';

/** @returns what its Authorization header says. @throws never with a part of the secret. */
export async function credentialOf(secret: string): Promise<string> {
  const what = ['secretsmanager', 'get-secret-value', '--secret-id', secret];
  const how = ['--query', 'SecretString', '--output', 'text'];
  const { stdout } = await promisify(execFile)('aws', [...what, ...how]);
  const { username, password } = parse(Credential, jsonOf(stdout), `secret ${secret}`);
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Node.js's own message would show a piece of it. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
