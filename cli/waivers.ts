/** `schwifty waiver`: exceptions to the policy, made by two people who answer for security. */
import type { Command } from 'commander';
import type { Client } from '../api/client/client.ts';
import type { WaiverAnswer, WaiversAnswer } from '../api/client/waivers.ts';
import type { Desk } from './env.ts';

export function waiverCommands(program: Command, { client, print }: Desk): void {
  const waiver = program
    .command('waiver')
    .description('exceptions: one finding or one release that is too young, an end, two people');
  waiver
    .command('list')
    .argument('<team>')
    .description('all waivers of the team, whatever became of them')
    .action(async (team: string) => print(await client().waivers.list(team), waiversText));
  waiver
    .command('propose')
    .argument('<team>')
    .argument(
      '<what>',
      "a finding's id, as `image report` says it, such as CVE-2024-1234; or a release that is too young: pip:flask==3.1.2, npm:ms@2.1.3",
    )
    .requiredOption('--reason <reason>', 'why it can wait')
    .requiredOption('--until <instant>', 'its end within a year, such as 2026-12-31 or 2026-12-31T12:00:00Z')
    .option('--environment <name>', 'for this environment alone')
    .description('propose a waiver: it counts once somebody else approved it')
    .action(async (team: string, what: string, { reason, until, environment }: Proposal) => {
      const wish = {
        ...wishOf(what),
        reason,
        expiresAt: instantOf(until),
        ...(environment && { environment }),
      };
      print(await client().waivers.propose(team, wish), waiverText);
    });
  waiver
    .command('approve')
    .argument('<team>')
    .argument('<waiver>', 'its id, as `waiver list` says it')
    .description('let a waiver count that somebody else proposed; images are judged again at once')
    .action(async (team: string, id: string) =>
      print(await client().waivers.approve(team, id, await versionOf(client(), team, id)), waiverText),
    );
  waiver
    .command('withdraw')
    .argument('<team>')
    .argument('<waiver>', 'its id, as `waiver list` says it')
    .description('take a waiver back; images are judged again at once')
    .action(async (team: string, id: string) =>
      print(await client().waivers.withdraw(team, id, await versionOf(client(), team, id)), waiverText),
    );
}

interface Proposal {
  readonly reason: string;
  readonly until: string;
  readonly environment?: string;
}

function wishOf(what: string) {
  const [, pip, pipVersion] = /^pip:(.+?)==(.+)$/.exec(what) ?? [];
  const [, npm, npmVersion] = /^npm:(.+)@(.+)$/.exec(what) ?? [];
  const release = (manager: 'pip' | 'npm', name: string, version = '') => ({
    package: { manager, name, version },
  });
  if (pip !== undefined) return release('pip', pip, pipVersion);
  return npm === undefined ? { cve: what } : release('npm', npm, npmVersion);
}

/** A day alone is its beginning. */
export function instantOf(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new Error(`${text} is no instant: such as 2026-12-31 or 2026-12-31T12:00:00Z.`);
  return date.toISOString();
}

/** What nobody made is asked for all the same: the API says what is wrong with it. */
const versionOf = async (api: Client, team: string, id: string): Promise<number> =>
  (await api.waivers.list(team)).waivers.find((each) => each.id === id)?.version ?? 1;

export function waiversText({ waivers, configured }: WaiversAnswer): string {
  const lines = [
    ...waivers.map(waiverText),
    ...configured.map(
      (waiver) =>
        `${whatOf(waiver)}  in the configuration, by ${waiver.author} and ${waiver.approver}\n  id ${waiver.id}: ${waiver.reason}`,
    ),
  ];
  return lines.length === 0 ? 'The team has no waivers.' : lines.join('\n');
}

export const waiverText = (waiver: WaiverAnswer): string =>
  `${whatOf(waiver)}  ${becameOf(waiver)}\n  id ${waiver.id}: ${waiver.reason}`;

type Scope = Pick<WaiverAnswer, 'cve' | 'team' | 'environment' | 'expiresAt'> & {
  readonly package?: WaiverAnswer['package'];
};
const releaseOf = ({ manager, name, version }: NonNullable<WaiverAnswer['package']>): string =>
  `the age of ${manager}:${name}${manager === 'npm' ? '@' : '=='}${version}`;
const whatOf = ({ cve, package: release, team, environment, expiresAt }: Scope): string =>
  `${release ? releaseOf(release) : cve}  for ${environment ? `${team}/${environment}` : `all of ${team}`}  until ${expiresAt}`;

function becameOf(waiver: WaiverAnswer): string {
  switch (waiver.state) {
    case 'proposed':
      return `proposed by ${waiver.author}, waits for somebody else`;
    case 'good':
      return `proposed by ${waiver.author}, approved by ${waiver.approver} at ${waiver.approvedAt}`;
    case 'withdrawn':
      return `withdrawn by ${waiver.withdrawnBy} at ${waiver.withdrawnAt}`;
  }
}
