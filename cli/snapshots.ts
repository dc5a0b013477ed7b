/** `schwifty snapshot`: what is left of the volumes of deleted environments. */
import type { Command } from 'commander';
import type { SnapshotAnswer, SnapshotsAnswer } from '../api/client/snapshots.ts';
import type { Desk } from './env.ts';

export function snapshotCommands(program: Command, { client, print }: Desk): void {
  const snapshot = program
    .command('snapshot')
    .description('what is left of the volumes of deleted environments: list, delete');
  snapshot
    .command('list')
    .argument('<team>')
    .description('those that the team keeps, and what they cost')
    .action(async (team: string) => print(await client().snapshots.list(team), snapshotsText));
  snapshot
    .command('delete')
    .argument('<team>')
    .argument('<snapshot>', 'its name, as `snapshot list` says it')
    .description('delete one, for ever; volumes that were made from it stay')
    .action(async (team: string, name: string) =>
      print(await client().snapshots.delete(team, name), snapshotText),
    );
}

export const snapshotsText = ({ snapshots }: SnapshotsAnswer): string =>
  snapshots.length === 0
    ? 'The team keeps no snapshots.'
    : [
        ...snapshots.map(snapshotText),
        'To make a volume from one, ask for an environment with `volume: { sizeGiB, from: <its name> }`.',
      ].join('\n');

export function snapshotText(snapshot: SnapshotAnswer): string {
  const { name, sizeGiB, of, cluster, takenAt, perMonth, currency, state, by, since } = snapshot;
  const becomes =
    state === 'kept' ? `${perMonth.toFixed(2)} ${currency} a month at most` : `deleted by ${by} at ${since}`;
  const what = `${sizeGiB} GiB of class ${snapshot.class}`;
  return `${name}  ${what}  of ${of.team}/${of.name}  in ${cluster}  taken ${takenAt}  ${becomes}`;
}
