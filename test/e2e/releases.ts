/** Environments as they are when the promoter is done: stored, with their images in their release repositories. */
import { readFileSync } from 'node:fs';
import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateRepositoryCommand, DeleteRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { Table } from '#adapters/aws/table.ts';
import { request } from '#core/build.ts';
import type { Change } from '#core/decision.ts';
import type { Environment, Release, Released } from '#core/environment.ts';
import { Conflict } from '#core/errors.ts';
import { releaseTag, repositoryOf } from '#core/image.ts';
import {
  type Digest,
  EnvironmentKey,
  environmentId,
  type EnvironmentKey as Key,
  namespaceOf,
} from '#core/names.ts';
import { beginning } from '#core/release.ts';
import { Spec } from '#core/spec.ts';
import { until } from '#local/demo/world.ts';
import { digestOf, mustChange, verdict } from '../contracts/samples.ts';
import { access, output } from './cloud.ts';
import { kubectl } from './kubectl.ts';
import { push } from './push.ts';

const dynamo = new DynamoDBClient(access.sdk);
const ecr = new ECRClient(access.sdk);
export const table = new Table(output('TableName'), dynamo);
const busybox = readFileSync('/usr/bin/busybox');
const now = () => new Date().toISOString();
const run = Date.now().toString(36).slice(-5);
const made: Key[] = [];

export const served = 'busybox httpd -f -p 9000 -h /tmp';

export class Story {
  readonly key: Key;
  readonly id: string;
  readonly namespace: string;
  readonly #spec: Spec;

  constructor(name: string, spec: object = {}) {
    this.key = EnvironmentKey.parse({ team: 'checkout', name: `${name}-${run}` });
    this.id = environmentId(this.key);
    this.namespace = namespaceOf(this.key);
    const resources = { cpu: 0.05, memoryMiB: 32 };
    this.#spec = Spec.parse({
      base: 'debian-12',
      command: ['x'],
      resources,
      readyWithinSeconds: 25,
      ...spec,
    });
  }

  async begin(): Promise<this> {
    made.push(this.key);
    const repositoryName = repositoryOf('release', this.key);
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    return this;
  }

  /** An image whose command is this line of shell. */
  async image(command: string): Promise<Digest> {
    const files = { 'bin/busybox': busybox, 'bin/sh': busybox, 'etc/what': command };
    const tag = releaseTag(digestOf(`${this.id} ${command}`));
    return push(repositoryOf('release', this.key), tag, files, ['/bin/sh', '-c', command]);
  }

  /** A digest of an approved image; its verdict is stored. */
  async approved(digest: Digest): Promise<Released> {
    await table.keepVerdict(this.key, verdict({ digest, decidedAt: now() }));
    const approval = { approver: 'bob', approvedAt: now(), policyVersion: '1', waivers: [] };
    return { digest, approval };
  }

  /** What the promoter leaves behind, on a new environment or on what runs. The deployer writes beside it: once more then. */
  async promote(released: Released, previous?: Released): Promise<void> {
    await this.#promoteOnce(released, previous).catch((error: unknown) => {
      if (!(error instanceof Conflict)) throw error;
      return this.promote(released, previous);
    });
  }

  async #promoteOnce(released: Released, previous?: Released): Promise<void> {
    const known = await table.read(this.key);
    const at = now();
    const asked = { key: this.key, cluster: 'main', requester: 'alice', spec: this.#spec };
    const environment = known ?? mustChange(request(asked, at)).environment;
    const { digest, approval } = released;
    const image = { digest, pushedAt: at, tags: [] };
    const before: Release = previous
      ? { phase: 'ready', ...previous, address: 'none', since: at, lookAt: at }
      : environment.release;
    const next: Environment = {
      ...environment,
      version: known ? known.version + 1 : 1,
      candidate: { phase: 'promoted', image, approval, since: at },
      release: beginning(before, released, at, 0),
    };
    const about = { environment: this.key, cluster: 'main', at };
    const change: Change = {
      outcome: 'changed',
      environment: next,
      at,
      events: [{ type: 'ImagePromoted', digest, ...about }],
      looks: [],
    };
    await table.write(change);
  }

  async environment(): Promise<Environment> {
    const environment = await table.read(this.key);
    if (!environment) throw new Error(`${this.id} is not stored`);
    return environment;
  }

  /** Waits until it is in this phase with this digest. */
  async reaches(phase: Environment['release']['phase'], digest: Digest, seconds = 120): Promise<Environment> {
    let seen = '';
    return until(
      `${this.id} ${phase}`,
      seconds,
      async () => {
        const environment = await this.environment();
        seen = JSON.stringify(environment.release);
        const { release } = environment;
        const isThere = release.phase === phase && 'digest' in release && release.digest === digest;
        return isThere ? environment : undefined;
      },
      () => seen,
    );
  }

  kubectl(...args: string[]): Promise<string> {
    return kubectl('--namespace', this.namespace, ...args);
  }
}

/** Nothing looks at them any more, and nothing of them is left. */
export async function forget(): Promise<void> {
  for (const key of made) {
    const Key = { pk: { S: `ENV#${environmentId(key)}` }, sk: { S: 'STATE' } };
    await dynamo.send(new DeleteItemCommand({ TableName: output('TableName'), Key }));
    await ecr.send(
      new DeleteRepositoryCommand({ repositoryName: repositoryOf('release', key), force: true }),
    );
    await kubectl('delete', 'namespace', namespaceOf(key), '--ignore-not-found', '--wait=false');
  }
}
