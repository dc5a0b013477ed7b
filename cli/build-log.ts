/** `schwifty env log`: what a build prints, while it runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { ApiError, type BuildLogAnswer, type Client } from '../api/client/client.ts';
import { tableOf } from './build-steps.ts';

/** While nothing new is there, or the team has asked too much. */
const pauseMs = 2000;

interface Wanted {
  readonly id: string;
  readonly number: number;
  /** Until the build has ended, whatever it takes. */
  readonly follow: boolean;
}

export function logCommand(env: Command, client: () => Client): void {
  env
    .command('log')
    .argument('<environment>', 'team/name')
    .option('--build <number>', 'without it the newest')
    .option('--follow', 'until the build has ended')
    .option('--steps', 'how long each step took, and which came from a cache, in place of what it printed')
    .description('what a build prints')
    .action(async (id: string, { build, follow = false, steps = false }: Options) => {
      const api = client();
      const number = build === undefined ? (await api.get(id)).environment.builds : numberOf(build);
      if (steps) return printSteps(api, { id, number, follow });
      for await (const { text } of linesOf(api, { id, number, follow })) console.log(text);
    });
}

interface Options {
  readonly build?: string;
  readonly follow?: boolean;
  readonly steps?: boolean;
}

async function printSteps(api: Client, { id, number, follow }: Wanted): Promise<void> {
  for (;;) {
    const build = await api.build(id, number).catch(nothingYet);
    if (build && (build.ended || !follow)) {
      for (const line of tableOf(build)) console.log(line);
      return;
    }
    await sleep(pauseMs);
  }
}

function numberOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`${text} is no build: they are counted from 1.`);
}

/** Page by page, as they come. */
export async function* linesOf(
  api: Pick<Client, 'buildLog'>,
  { id, number, follow }: Wanted,
  pause: () => Promise<unknown> = () => sleep(pauseMs),
): AsyncGenerator<BuildLogAnswer['lines'][number]> {
  let cursor: string | undefined;
  for (;;) {
    const page = await api.buildLog(id, number, cursor).catch(nothingYet);
    if (page === undefined) {
      await pause();
      continue;
    }
    yield* page.lines;
    cursor = page.cursor ?? cursor;
    if (page.ended || (!follow && !page.more)) return;
    if (!page.more) await pause();
  }
}

/** A long log has many pages, and a team only so many requests: those that were too many come again. */
function nothingYet(error: unknown): undefined {
  if (!(error instanceof ApiError) || error.problem.status !== 429) throw error;
}
