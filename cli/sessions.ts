/** `schwifty env sessions`: who logged in by SSH and SFTP. */
import type { Command } from 'commander';
import type { SessionsAnswer } from '../api/client/client.ts';
import type { Desk } from './env.ts';
import { duration } from './trace.ts';

const fewest = 50;

export function sessionsCommand(env: Command, { client, print }: Desk): void {
  env
    .command('sessions')
    .argument('<environment>', 'team/name')
    .option('--limit <number>', 'so many of the newest', String(fewest))
    .description('who logged in by SSH or SFTP, when and from where, and how it ended')
    .action(async (id: string, { limit }: { limit: string }) =>
      print(await client().sessions(id, numberOf(limit)), (sessions) => sessionsText(id, sessions)),
    );
}

function numberOf(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Error(`${text} is no number of sessions: one or more, up to 999999.`);
}

type Session = SessionsAnswer['sessions'][number];

export const sessionsText = (id: string, sessions: readonly Session[]): string =>
  sessions.length === 0 ? `Nobody has logged in to ${id}.` : sessions.map(lineOf).join('\n');

function lineOf({ beganAt, person, from, key, endedAt, why }: Session): string {
  const end =
    endedAt === undefined
      ? 'no end is known'
      : `${why} after ${duration(Date.parse(endedAt) - Date.parse(beganAt))}`;
  return `${beganAt}  ${person}  from ${from}  ${end}  key ${key}`;
}
