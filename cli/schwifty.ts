/** `schwifty`: what people do with environments, from a terminal. */
import { Command } from 'commander';
import { ApiError, Client } from '../api/client/client.ts';
import { statusText } from './status.ts';

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

const print = (answer: Awaited<ReturnType<Client['get']>>): void => {
  console.log(program.opts<{ json?: boolean }>().json ? JSON.stringify(answer, null, 2) : statusText(answer));
};

program
  .command('status')
  .argument('<environment>', 'team/name')
  .description('what runs, what waits, and why')
  .action(async (id: string) => print(await client().get(id)));

program
  .command('approve')
  .argument('<environment>', 'team/name')
  .option('--digest <digest>', 'the image that you looked at; without it the newest one')
  .description('let an image that passed the gate be released')
  .action(async (id: string, { digest }: { digest?: string }) => {
    print(await client().approve(id, digest ?? (await newestDigest(id))));
  });

async function newestDigest(id: string): Promise<string> {
  const { environment } = await client().get(id);
  if ('image' in environment.candidate) return environment.candidate.image.digest;
  throw new Error(`${id} has no image to approve: it is ${environment.candidate.phase}.`);
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof ApiError ? 2 : 1;
}
