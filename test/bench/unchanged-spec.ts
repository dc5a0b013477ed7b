/**
 * `unchanged-spec`: from the change back to a spec that was released before to its Ready pods. Both specs were built and
 * approved once; then each is asked for in turn, and none is built again. The images are on the node.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Table } from '#adapters/aws/table.ts';
import type { Environment } from '#core/environment.ts';
import { environmentId } from '#core/names.ts';
import { Spec } from '#core/spec.ts';
import { controlPlane } from '#local/demo/access.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { passed } from '#local/demo/story.ts';
import { keyOf } from '../contracts/samples.ts';
import type { BenchCloud } from './cloud.ts';
import { atMost, type Entry, median } from './entry.ts';

const turns = 10;
const deadlineMs = 300_000;
/** Until the pods of the turn before have drained (config.yaml) and are gone: with two such the namespace's quota is full. */
const quietMs = 9_000;
const key = keyOf('bench', 'unchanged');
const id = environmentId(key);
/** It ends when it is told to. What holds on until it is killed holds its quota too, and the next one's pods up. */
const program = (greeting: string): string =>
  [
    'import os, signal, socket',
    `# ${greeting}`,
    'signal.signal(signal.SIGTERM, lambda *_: os._exit(0))',
    "s = socket.create_server(('', 9000))",
    'while True:',
    '    s.accept()[0].close()',
    '',
  ].join('\n');
const specOf = (greeting: string) =>
  Spec.parse({
    base: 'debian-12',
    files: {
      'app.py': program(greeting),
    },
    command: ['python3', 'app.py'],
    resources: { cpu: 0.05, memoryMiB: 64 },
    access: { sourceRanges: ['0.0.0.0/0'] },
  });
const specs = [specOf('one'), specOf('two')] as const;

export async function unchangedSpec(cloud: BenchCloud): Promise<Entry[]> {
  const person = await signIn(cloud, 'bench', ['bench']);
  const table = new Table(controlPlane(cloud.cloud).TableName, new DynamoDBClient(cloud.sdk));
  const digests = await released(table, person);
  const times: number[] = [];
  for (let turn = 0; turn <= turns; turn++) {
    const which = turn % 2;
    await sleep(quietMs);
    const began = performance.now();
    await person.client.change(id, specs[which === 0 ? 0 : 1]);
    await until(table, `Ready again, turn ${turn}`, isReady(digests[which]));
    if (turn > 0) times.push((performance.now() - began) / 1000);
  }
  const last = await table.read(key);
  if (last?.builds !== 2 + turns + 1 || !('image' in last.candidate) || !last.candidate.image.takenAt)
    throw new Error('something was built again');
  const note = `median of ${turns}: from the change to Ready pods of an image that was released before, promotion included; longest ${Math.max(...times).toFixed(1)} s`;
  return [atMost(3, { name: 'unchanged-spec', value: median(times), unit: 's', note })];
}

/** Both built, approved, and Ready once. */
async function released(table: Table, person: Person): Promise<string[]> {
  const digests: string[] = [];
  for (const [i, spec] of specs.entries()) {
    if (i === 0) await person.client.create({ team: key.team, name: key.name, spec });
    else await person.client.change(id, spec);
    const digest = await passed(person, id);
    await person.client.approve(id, digest);
    await until(table, `Ready, spec ${i}`, isReady(digest));
    digests.push(digest);
  }
  return digests;
}

const isReady =
  (digest: string | undefined) =>
  ({ candidate, release }: Environment): boolean =>
    candidate.phase === 'promoted' && release.phase === 'ready' && release.digest === digest;

async function until(table: Table, what: string, holds: (environment: Environment) => boolean) {
  const end = Date.now() + deadlineMs;
  let last: Environment | undefined;
  while (Date.now() < end) {
    last = await table.read(key);
    if (last && holds(last)) return;
    await sleep(50);
  }
  throw new Error(`${id}: ${what} never came: ${last?.candidate.phase}, ${last?.release.phase}`);
}
