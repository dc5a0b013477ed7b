/** `schwifty env transfer`: an environment goes to another team, offered by one and accepted by the other. */
import type { Command } from 'commander';
import type { Client } from '../api/client/client.ts';
import type { TransferAnswer, TransfersAnswer } from '../api/client/transfers.ts';
import type { Desk } from './env.ts';
import { statusText } from './status.ts';

const environment = ['<environment>', 'team/name, as the team that has it calls it'] as const;
const team = ['<team>', 'the team that gets it'] as const;

export function transferCommands(env: Command, { client, print }: Desk): void {
  const transfer = env
    .command('transfer')
    .description('to another team: offer, withdraw, show; of that team: list, accept, refuse');
  transfer
    .command('offer')
    .argument(...environment)
    .argument(...team)
    .description('offer it for seven days; it stays as it is until a new one of that team is Ready')
    .action(async (id: string, to: string) => print(await client().transfers.offer(id, to), transferText));
  transfer
    .command('withdraw')
    .argument(...environment)
    .description('take it back, as long as it is not gone')
    .action(async (id: string) => {
      const { version } = (await client().transfers.get(id)).transfer;
      print(await client().transfers.withdraw(id, version), transferText);
    });
  transfer
    .command('show')
    .argument(...environment)
    .option('--team <team>', 'as this team sees it, that it is offered to')
    .description('what became of it')
    .action(async (id: string, options: { team?: string }) =>
      print(await seen(client(), id, options.team), transferText),
    );
  transfer
    .command('list')
    .argument(...team)
    .description('what other teams offer to it, and what it accepted that is not Ready yet')
    .action(async (to: string) => print(await client().transfers.offeredTo(to), transfersText));
  transfer
    .command('accept')
    .argument(...team)
    .argument(...environment)
    .option('--cluster <cluster>', 'without it the one that it is in')
    .description(
      "ask for it under this team's quota; it is built, approved and rolled out, then the old one goes",
    )
    .action(async (to: string, id: string, { cluster }: { cluster?: string }) => {
      const { version } = (await client().transfers.offered(to, id)).transfer;
      print(await client().transfers.accept(to, id, version, cluster), statusText);
    });
  transfer
    .command('refuse')
    .argument(...team)
    .argument(...environment)
    .description('say no to it')
    .action(async (to: string, id: string) => {
      const { version } = (await client().transfers.offered(to, id)).transfer;
      print(await client().transfers.refuse(to, id, version), transferText);
    });
}

const seen = (api: Client, id: string, to: string | undefined): Promise<TransferAnswer> =>
  to === undefined ? api.transfers.get(id) : api.transfers.offered(to, id);

export const transfersText = ({ transfers }: TransfersAnswer): string =>
  transfers.length === 0 ? 'Nothing is offered to the team.' : transfers.map(lineOf).join('\n');

export function transferText({ spec, verdict, ...answer }: TransferAnswer): string {
  const made = spec && `  made from ${spec.base ?? spec.image ?? spec.git?.url}`;
  const judged =
    verdict &&
    `  its image: ${verdict.result}, ${verdict.blocking} findings block, policy ${verdict.policyVersion}`;
  return [lineOf(answer), made, judged].filter((line) => line !== undefined).join('\n');
}

function lineOf({ transfer, successor }: TransfersAnswer['transfers'][number]): string {
  const { from, to } = transfer;
  return `${from.team}/${from.name}  to team ${to}  ${becameOf(transfer, `${successor.team}/${successor.name}`)}`;
}

function becameOf(transfer: TransferAnswer['transfer'], successor: string): string {
  switch (transfer.state) {
    case 'offered':
      return `offered by ${transfer.offeredBy} until ${transfer.until}`;
    case 'accepted':
      return `accepted by ${transfer.acceptedBy} at ${transfer.acceptedAt}: goes when ${successor} is Ready`;
    case 'moving':
      return `stopped at ${transfer.movedAt}: its volume goes to ${successor}`;
    case 'done':
      return `gone at ${transfer.endedAt}: ${successor} is in its place`;
    case 'over':
      return `stays: ${whyOf(transfer)} at ${transfer.endedAt}`;
  }
}

function whyOf({ why, endedBy }: Extract<TransferAnswer['transfer'], { state: 'over' }>): string {
  switch (why) {
    case 'withdrawn':
      return `withdrawn by ${endedBy}`;
    case 'refused':
      return `refused by ${endedBy}`;
    case 'expired':
      return 'nobody accepted it';
    case 'old-deleted':
      return `deleted by ${endedBy}`;
    case 'new-deleted':
      return `what was to take its place was deleted by ${endedBy}`;
  }
}
