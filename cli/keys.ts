/** `schwifty key`: a person's SSH keys in a team. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { KeyAnswer, KeysAnswer } from '../api/client/client.ts';
import type { Desk } from './env.ts';

export function keyCommands(program: Command, { client, print }: Desk): void {
  const key = program.command('key').description('SSH keys: who may log in to the environments of a team');
  key
    .command('list')
    .argument('<team>')
    .description('all keys of the team, and whose they are')
    .action(async (team: string) => print(await client().keys(team), keysText));
  key
    .command('add')
    .argument('<team>')
    .argument('<file>', 'the public half, such as ~/.ssh/id_ed25519.pub')
    .description('let this key log in as you')
    .action(async (team: string, file: string) =>
      print(await client().addKey(team, await readFile(file, 'utf8')), keyText),
    );
  key
    .command('revoke')
    .argument('<team>')
    .argument('<key>', 'its id or its fingerprint, as `key list` says them')
    .description('refuse this key from now on, for ever')
    .action(async (team: string, id: string) => print(await client().revokeKey(team, idOf(id)), keyText));
}

/** The id is the fingerprint in letters that a path can hold. */
const idOf = (key: string): string =>
  key
    .replace(/^SHA256:/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');

export const keysText = ({ keys }: KeysAnswer): string =>
  keys.length === 0 ? 'The team has no keys: schwifty key add.' : keys.map(keyText).join('\n');

export function keyText(key: KeyAnswer): string {
  const { id, person, type, fingerprint, comment, addedAt, revokedAt, revokedBy } = key;
  const since = revokedAt ? `revoked by ${revokedBy} at ${revokedAt}` : `since ${addedAt}`;
  return `${person}  ${type}  ${fingerprint}  ${comment || 'without a comment'}  ${since}\n  id ${id}`;
}
