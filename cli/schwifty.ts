/** `schwifty`: what people do with environments, from a terminal. */
import { Command } from 'commander';
import { ApiError, Client } from '../api/client/client.ts';
import { logCommand } from './build-log.ts';
import { dlqsText, dlqText, redriveText } from './dlq.ts';
import { dnsCommands } from './dns.ts';
import { environmentCommands, imageCommands, lifeCommands, newestDigest, offerCommands } from './env.ts';
import { jobCommands } from './jobs.ts';
import { keyCommands } from './keys.ts';
import { sessionsCommand } from './sessions.ts';
import { snapshotCommands } from './snapshots.ts';
import { statusText } from './status.ts';
import { traceText } from './trace.ts';
import { transferCommands } from './transfers.ts';
import { waiverCommands } from './waivers.ts';

function client(): Client {
  const { SCHWIFTY_API: api, SCHWIFTY_TOKEN: token } = process.env;
  if (!api || !token) {
    throw new Error(
      'Set SCHWIFTY_API to the address of the API and SCHWIFTY_TOKEN to an access token of yours.',
    );
  }
  return new Client({ api, token });
}

const program = new Command('schwifty')
  .description('Self-service, scan-gated environments')
  .option('--json', 'print what the API answers, as it is');

const print = <T>(answer: T, inWords: (answer: T) => string): void => {
  console.log(program.opts<{ json?: boolean }>().json ? JSON.stringify(answer, null, 2) : inWords(answer));
};

const env = environmentCommands(program, { client, print });
lifeCommands(env, { client, print });
logCommand(env, client);
sessionsCommand(env, { client, print });
transferCommands(env, { client, print });
imageCommands(program, { client, print });
offerCommands(program, { client, print });

program
  .command('status')
  .argument('<environment>', 'team/name')
  .description('what runs, what waits, and why')
  .action(async (id: string) => print(await client().get(id), statusText));

program
  .command('approve')
  .argument('<environment>', 'team/name')
  .option('--digest <digest>', 'the image that you looked at; without it the newest one')
  .description('let an image that passed the gate be released')
  .action(async (id: string, { digest }: { digest?: string }) => {
    print(await client().approve(id, digest ?? (await newestDigest(client(), id))), statusText);
  });

program
  .command('trace')
  .argument('<environment>', 'team/name')
  .option('--story <id>', 'one story alone: a request, a push, an incident')
  .description('what happened, step by step, with the time between')
  .action(async (id: string, { story }: { story?: string }) =>
    print(await client().trace(id, story), (steps) => traceText(id, steps, story)),
  );

jobCommands(program, { client, print });
keyCommands(program, { client, print });
snapshotCommands(program, { client, print });
waiverCommands(program, { client, print });
dnsCommands(program, { client, print });

const dlq = program.command('dlq').description('what failed, and why (for operators)');
dlq
  .command('list')
  .description('every DLQ, with what is in it')
  .action(async () => print(await client().dlqs(), dlqsText));
dlq
  .command('show')
  .argument('<dlq>', 'a name of the list')
  .description('its messages, each with its reason')
  .action(async (name: string) => print(await client().dlq(name), dlqText));
dlq
  .command('redrive')
  .argument('<dlq>', 'a name of the list')
  .option('--id <ids...>', 'these messages alone')
  .description('do its messages again, once the cause is gone')
  .action(async (name: string, { id }: { id?: string[] }) => {
    const answer = await redriveAll(client(), name, id);
    print(answer, redriveText);
    if (answer.failed.length > 0 || answer.missing.length > 0) process.exitCode = 1;
  });

/** The API does some at a time. What fails again meanwhile is not taken up: it would go round for ever. */
async function redriveAll(api: Client, name: string, ids?: string[]) {
  let answer = await api.redrive(name, ids ? { ids } : {});
  while (answer.more) {
    const { before, done, failed } = answer;
    const next = await api.redrive(name, { before });
    answer = { ...next, done: [...done, ...next.done], failed: [...failed, ...next.failed] };
  }
  return answer;
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof ApiError ? 2 : 1;
}
