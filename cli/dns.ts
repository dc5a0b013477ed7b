/** `schwifty dns plan`: what would be changed of the DNS records, without doing it. */
import type { Command } from 'commander';
import type { NamePlanAnswer } from '../api/client/client.ts';
import type { Desk } from './env.ts';

export function dnsCommands(program: Command, { client, print }: Desk): void {
  const dns = program.command('dns').description('DNS names of environments');
  dns
    .command('plan')
    .argument(
      '[environment]',
      'team/name; without it what a sweep of the whole zone would do (for operators)',
    )
    .description('what would be changed of the records now; nothing is done')
    .action(async (id?: string) => {
      if (id === undefined) print(await client().planZone(), namesText);
      else print(await client().planName(id), nameText);
    });
}

export const namesText = (names: readonly NamePlanAnswer[]): string =>
  names.length === 0
    ? 'Nothing was done, and a sweep would change nothing.'
    : ['Nothing was done. A sweep of the zone would change:', ...names.map(linesOf)].join('\n');

export const nameText = (name: NamePlanAnswer): string =>
  name.changes.length === 0 && name.left === undefined
    ? `${name.environment}: nothing is to be changed.`
    : `Nothing was done.\n${linesOf(name)}`;

function linesOf({ environment, target, changes, left }: NamePlanAnswer): string {
  const where = target === undefined ? (left === undefined ? 'goes' : 'stays') : `to ${target}`;
  return [
    `${environment}  ${where}`,
    ...changes.map(({ action, type, name, values }) => `  ${action}  ${type}  ${name}  ${values.join(', ')}`),
    ...(left === undefined ? [] : [`  left alone: ${left}`]),
  ].join('\n');
}
