/** `npm run sim -- --seeds N [--from S] [--seed S] [--threads N] [--json FILE]`: stories by the thousand, or one of them told. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Outcome } from './simulate.ts';
import type { Answer, Share, SoFar } from './worker.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'string' },
  },
});
const numberOf = (name: string, text: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`--${name} takes a whole number, not "${text}".`);
  process.exit(2);
};

/** The story of one seed, each step of it. */
async function tell(seed: number): Promise<void> {
  const { simulate } = await import('./simulate.ts');
  const { broken, faults } = await simulate(seed, (line) => console.log(line));
  console.log(faults);
  console.log(broken === undefined ? `seed ${seed} holds` : `seed ${seed} broke: ${broken}`);
  process.exitCode = broken === undefined ? 0 : 1;
}

async function many(from: number, seeds: number): Promise<void> {
  const began = Date.now();
  const threads = Math.min(numberOf('threads', values.threads), seeds);
  const shares = Array.from(
    { length: threads },
    (_, i): Share => ({ first: from + i, step: threads, end: from + seeds }),
  );
  const answers = await Promise.all(shares.map(run));
  const faults = sum(answers.map((answer) => answer.faults));
  const failures = answers.flatMap((answer) => answer.failures).sort((a, b) => a.seed - b.seed);
  const seconds = (Date.now() - began) / 1000;
  const endings = sum(answers.map((answer) => answer.endings));
  console.table(faults);
  console.table(endings);
  const total = Object.values(faults).reduce((a, b) => a + b, 0);
  console.log(
    `${seeds} seeds from ${from}, ${total} faults, ${seconds.toFixed(1)} s, ${failures.length} failures`,
  );
  for (const { seed, broken } of failures.slice(0, 20))
    console.log(`seed ${seed}: ${broken}\n  npm run sim -- --seed ${seed}`);
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify({ seeds, faults, endings, seconds, failures }, undefined, 2)}\n`,
    );
  process.exitCode = failures.length === 0 ? 0 : 1;
}

let done = 0;
function goesOn({ seeds, failure }: SoFar): void {
  done += seeds;
  console.error(failure ? `seed ${failure.seed}: ${failure.broken}` : `${done} seeds`);
}

const run = (share: Share): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: share });
    worker.on('message', (message: SoFar | Answer) => {
      if (message.kind === 'end') resolve(message);
      else goesOn(message);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a thread ended with ${code} and said nothing`)));
  });

function sum(counts: readonly Outcome['faults'][]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const one of counts)
    for (const [kind, count] of Object.entries(one)) all[kind] = (all[kind] ?? 0) + count;
  return Object.fromEntries(Object.entries(all).sort(([, a], [, b]) => b - a));
}

if (values.seed !== undefined) await tell(numberOf('seed', values.seed));
else await many(numberOf('from', values.from), numberOf('seeds', values.seeds));
