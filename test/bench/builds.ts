/**
 * `rebuild-added-package`, `build-time`, `image-size`: generated Dockerfiles beside naive ones of the same packages, built
 * in turn by the same project. Each kind has repositories and caches of its own; nothing of one run helps the next.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { S3Client } from '@aws-sdk/client-s3';
import { EcrBases } from '#adapters/aws/bases.ts';
import { CodeBuilder } from '#adapters/aws/builder.ts';
import { buildContext } from '#core/context.ts';
import { buildTag, repositoryOf } from '#core/image.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { Spec } from '#core/spec.ts';
import { registryHost } from '#local/setup/cloud-file.ts';
import { buildOptions } from '../contracts/build-options.ts';
import { keyOf } from '../contracts/samples.ts';
import type { BenchCloud } from './cloud.ts';
import { atMost, type Entry, median, recorded } from './entry.ts';

const runs = 3;
const deadlineMs = 600_000;
const base = { repository: 'base/debian', tag: 'bookworm' };
const takes = ['apt', 'pip', 'npm'] as const;
/** A package of each manager that many ask for, one that is compiled, and what compiles it. */
const names = {
  apt: ['curl', 'git', 'jq'],
  pip: ['flask', 'pandas', 'requests', 'uwsgi'],
  npm: ['express', 'typescript'],
  tools: ['gcc', 'libc6-dev', 'python3-dev'],
};
const added = 'zipp';
const files = { 'app.py': 'print("hello")\n' };
const command = ['python3', 'app.py'];

const specOf = (pip: readonly string[]) => {
  const list = (each: readonly string[]) => each.map((name) => ({ name }));
  const { apt, npm, tools } = names;
  const packages = { apt: list(apt), pip: list(pip), npm: list(npm), tools: list(tools) };
  return Spec.parse({ base: 'debian-12', packages, files, command });
};

/** What a person writes first: one stage, as root, each manager as its own page says it. No run has the layers of another. */
const naive = (image: string, key: EnvironmentKey): Readonly<Record<string, string>> => ({
  Dockerfile: [
    `FROM ${image}`,
    `ENV BUILD=${environmentId(key)}`,
    'RUN apt-get update',
    `RUN apt-get install -y ${[...names.apt, ...names.tools].join(' ')}`,
    'WORKDIR /app',
    'COPY files/ /app/',
    `RUN pip install --break-system-packages ${[...names.pip, added].join(' ')}`,
    `RUN npm install -g ${names.npm.join(' ')}`,
    `CMD ${JSON.stringify(command)}`,
    '',
  ].join('\n'),
  'files/app.py': files['app.py'],
});

export interface Built {
  /** To the push: from there on it is scanned and judged, while what belongs to it is attached. */
  readonly seconds: number;
  readonly endSeconds: number;
  readonly bytes: number;
}

export async function builds(cloud: BenchCloud): Promise<Entry[]> {
  const builder = await Builder.of(cloud);
  const cold: Built[] = [];
  const again: Built[] = [];
  const byHand: Built[] = [];
  for (let run = 0; run < runs; run++) {
    const key = (kind: string) => keyOf('bench', `${kind}${run}`);
    const whole = [...names.pip, added];
    cold.push(await builder.build(key('cold'), 1, builder.generated(key('cold'), specOf(whole))));
    byHand.push(await builder.build(key('naive'), 1, naive(builder.image, key('naive'))));
    await builder.build(key('again'), 1, builder.generated(key('again'), specOf(names.pip)));
    again.push(await builder.build(key('again'), 2, builder.generated(key('again'), specOf(whole))));
  }
  return entries(cold, again, byHand);
}

const secondsOf = (built: readonly Built[]): number => median(built.map(({ seconds }) => seconds));

/** How long what was built again took beside what was built cold. */
export function besideCold(again: readonly Built[], cold: readonly Built[], says: string) {
  const end = (built: readonly Built[]) => median(built.map(({ endSeconds }) => endSeconds)).toFixed(1);
  const [one, other] = [secondsOf(again), secondsOf(cold)];
  return {
    value: one / other,
    unit: '×',
    note: `medians of ${cold.length}, in turn: ${one.toFixed(1)} s to the push with ${says}, ${other.toFixed(1)} s the same image cold; to the end, with its SBOM and provenance, ${end(again)} s and ${end(cold)} s`,
  };
}

function entries(cold: readonly Built[], again: readonly Built[], byHand: readonly Built[]): Entry[] {
  const megabytes = (built: readonly Built[]) => median(built.map(({ bytes }) => bytes)) / 1e6;
  const [ours, theirs] = [secondsOf(cold), secondsOf(byHand)];
  const [small, large] = [megabytes(cold), megabytes(byHand)];
  const turn = `medians of ${runs}, in turn`;
  const what = `${names.apt.length} packages of apt, ${names.pip.length + 1} of pip, one of them compiled, ${names.npm.length} of npm`;
  const others =
    'by layers of this machine; other packages have benches of their own (rebuild-added-package/…)';
  return [
    atMost(0.35, {
      name: 'rebuild-added-package',
      ...besideCold(again, cold, `a fifth of pip (${what}; ${others})`),
    }),
    recorded({
      name: 'build-time',
      value: ours,
      unit: 's',
      note: `${turn}: cold, to the push; a naive Dockerfile of the same ${theirs.toFixed(1)} s; the project before this one took 61.1 s for its own image`,
    }),
    atMost(0.6, {
      name: 'image-size',
      value: small / large,
      unit: '×',
      note: `${turn}: ${small.toFixed(0)} MB as it is pulled, a naive Dockerfile of the same ${large.toFixed(0)} MB`,
    }),
  ];
}

export class Builder {
  readonly #builder: CodeBuilder;
  readonly #ecr: ECRClient;
  /** The base, with its digest. */
  readonly image: string;

  private constructor(builder: CodeBuilder, ecr: ECRClient, image: string) {
    this.#builder = builder;
    this.#ecr = ecr;
    this.image = image;
  }

  static async of(cloud: BenchCloud): Promise<Builder> {
    const { sdk } = cloud;
    const [builds, registry] = [new CodeBuildClient(sdk), new ECRClient(sdk)];
    const files = new S3Client({ ...sdk, forcePathStyle: true });
    const options = { ...(await buildOptions(cloud)), registry: registryHost };
    const builder = new CodeBuilder(options, { builds, registry, files });
    const image = await builder.resolveBase(base);
    if (image === undefined) throw new Error('the local cloud has no base');
    return new Builder(builder, registry, image);
  }

  generated(key: EnvironmentKey, spec: Spec): Readonly<Record<string, string>> {
    const epoch = new Date().toISOString().slice(0, 10);
    return buildContext({ from: 'base', spec, baseImage: this.image, takes, key, fixes: [], epoch });
  }

  /** From the start to its end, in a repository that the first build of the key finds empty. */
  async build(
    key: EnvironmentKey,
    number: number,
    context: Readonly<Record<string, string>>,
  ): Promise<Built> {
    if (number === 1) await this.#makeRepositories(key);
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    const place = { repository: repositoryOf('candidate', key), tag: buildTag(number) };
    const id = await this.#builder.start({ key, number, context });
    let pushed: Omit<Built, 'endSeconds'> | undefined;
    while (performance.now() - began < deadlineMs) {
      const status = await this.#builder.status(id);
      if (status.ended && status.failure !== undefined)
        throw new Error(`${environmentId(key)}: ${status.failure}`);
      const image = pushed === undefined ? await new EcrBases(() => this.#ecr).look(place) : undefined;
      if (image) pushed = { seconds: seconds(), bytes: image.sizeBytes };
      if (status.ended && !pushed) throw new Error(`${place.repository}:${place.tag} was not pushed`);
      if (status.ended && pushed) return { ...pushed, endSeconds: seconds() };
      await sleep(100);
    }
    throw new Error(`build ${number} of ${environmentId(key)} has no end`);
  }

  async #makeRepositories(key: EnvironmentKey): Promise<void> {
    for (const kind of ['candidate', 'cache'] as const)
      await this.#ecr.send(new CreateRepositoryCommand({ repositoryName: repositoryOf(kind, key) }));
  }
}
