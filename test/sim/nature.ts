/** What the cloud does by itself: builds end, scans end or turn, pods come up and are killed, registries lose images. */
import type { Finding, Scan } from '#core/finding.ts';
import { buildTag, repositoryOf } from '#core/image.ts';
import { Digest, type EnvironmentKey, environmentId, namespaceOf, parseEnvironmentId } from '#core/names.ts';
import { fillingName } from '#core/workspace.ts';
import { finding } from '../contracts/samples.ts';
import { buildEvent, pushEvent, scanEvent } from '../lambdas/events.ts';
import type { Cloud } from './cloud.ts';
import { snapshotDriver } from './volumes.ts';

type Kind = 'clean' | 'low' | 'fixable' | 'unfixable' | 'waivable' | 'medium';

const findingsOf: Readonly<Record<Kind, readonly Finding[]>> = {
  clean: [],
  low: [finding({ severity: 'LOW' })],
  medium: [finding({ id: 'CVE-2', severity: 'MEDIUM', fix: 'no' })],
  fixable: [finding(), finding({ severity: 'HIGH', package: 'flask', fixedIn: '2.3.2' })],
  unfixable: [finding({ id: 'CVE-3', fix: 'no' })],
  waivable: [finding({ id: 'CVE-4', severity: 'HIGH', fix: 'no' })],
};

export class Nature {
  readonly #cloud: Cloud;
  /** Inspector watches its images; ECR's own scan is of one day. */
  readonly #watched: boolean;
  readonly #begun = new Set<string>();
  readonly #sick = new Set<string>();
  #images = 0;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    this.#watched = cloud.random.chance(0.7);
    cloud.oracle.buildStarted = (id) => this.#build(id);
    cloud.oracle.onApplied = (cluster, id, digest) => this.#rollOut(cluster, id, digest);
    cloud.oracle.onSnapshot = (cluster, namespace, name) => this.#takeSnapshot(cluster, namespace, name);
    cloud.oracle.onTaken = (what) => cloud.faults.count(what);
    cloud.oracle.onCopied = (id, digest) => this.#scanReleased(id, digest);
  }

  #build(id: string): void {
    const cloud = this.#cloud;
    const started = cloud.builder.builds.get(id);
    if (!started || this.#begun.has(id)) return;
    this.#begun.add(id);
    const { random, timeline, faults } = cloud;
    const repository = repositoryOf('candidate', started.key);
    timeline.in(random.between(5, 200), `${id} ends`, () => {
      if (faults.happens('build failed', 0.1)) {
        const failure = random.chance(0.5) ? 'no such package' : undefined;
        cloud.builder.end(id, failure);
        if (failure) cloud.deliveries.emit(buildEvent('FAILED', id, repository), '');
        return;
      }
      const isFix = started.number > 1 && random.chance(0.7);
      const kind = isFix
        ? 'low'
        : random.pick<Kind>(['clean', 'low', 'medium', 'fixable', 'fixable', 'unfixable', 'waivable']);
      this.push(started.key, this.newDigest(), buildTag(started.number), kind);
      cloud.builder.end(id);
    });
  }

  newDigest(): Digest {
    return Digest.parse(`sha256:${(++this.#images).toString(16).padStart(12, '0').padEnd(64, '0')}`);
  }

  push(key: EnvironmentKey, digest: Digest, tag: string, kind: Kind): void {
    const cloud = this.#cloud;
    const repository = repositoryOf('candidate', key);
    // It was not asked for yet, or is deleted: nobody can push there.
    if (!cloud.registry.repositories().includes(repository)) return;
    cloud.registry.push(repository, digest, tag);
    cloud.oracle.scanned(`${environmentId(key)} ${digest}`, { status: 'pending' });
    cloud.deliveries.emit(pushEvent(repository, digest, tag), '');
    this.#scan(key, digest, kind);
  }

  #scan(key: EnvironmentKey, digest: Digest, kind: Kind): void {
    const cloud = this.#cloud;
    const { random, timeline, faults } = cloud;
    if (faults.happens('scan never', 0.04)) return;
    const late = faults.happens('scan late', 0.08) ? random.between(600, 1500) : 0;
    timeline.in(late + random.between(2, 60), `${digest.slice(0, 19)} is scanned: ${kind}`, () => {
      const failed = faults.happens('scan failed', 0.05);
      this.#setScan(
        key,
        digest,
        failed ? { status: 'failed', reason: 'internal error' } : this.#complete(kind),
      );
      if (faults.happens('scan turned', 0.3)) this.turn(key, digest, cloud.random.between(30, 1500));
    });
  }

  /** What is known of it changes, and the event may be lost. */
  turn(key: EnvironmentKey, digest: Digest, inSeconds: number): void {
    const cloud = this.#cloud;
    const kind = cloud.random.pick<Kind>(['clean', 'fixable', 'unfixable', 'waivable']);
    cloud.timeline.in(inSeconds, `${digest.slice(0, 19)} turns ${kind}`, () => {
      this.#setScan(key, digest, this.#complete(kind));
    });
  }

  #complete(kind: Kind): Scan {
    const watched = this.#watched ? { watched: true as const } : {};
    return {
      status: 'complete',
      completedAt: this.#cloud.timeline.now(),
      ...watched,
      findings: findingsOf[kind],
    };
  }

  /** One truth for both repositories: what is copied is scanned there as well. */
  #setScan(key: EnvironmentKey, digest: Digest, scan: Scan): void {
    const cloud = this.#cloud;
    if (cloud.registry.has(repositoryOf('candidate', key), digest))
      cloud.oracle.scanned(`${environmentId(key)} ${digest}`, scan);
    for (const kind of ['candidate', 'release'] as const) {
      const repository = repositoryOf(kind, key);
      if (!cloud.registry.has(repository, digest)) continue;
      cloud.registry.setScan(repository, digest, scan);
      cloud.deliveries.emit(scanEvent(repository, digest), '');
    }
  }

  #scanReleased(id: string, digest: string): void {
    const cloud = this.#cloud;
    const key = parseEnvironmentId(id);
    const scan = cloud.oracle.scans.get(`${id} ${digest}`);
    if (key && scan) cloud.registry.setScan(repositoryOf('release', key), Digest.parse(digest), scan);
  }

  #rollOut(cluster: string, id: string, digest: string): void {
    const cloud = this.#cloud;
    const { random, timeline, faults } = cloud;
    const key = parseEnvironmentId(id);
    if (!key) return;
    if (faults.happens('rollout never healthy', 0.08)) this.#sick.add(digest);
    if (this.#sick.has(digest)) return;
    const late = faults.happens('rollout late', 0.08) ? random.between(500, 900) : 0;
    timeline.in(late + random.between(3, 60), `${id} is rolled out`, () => {
      if (!cloud.clusterNamed(cluster).isToRun(key)) return;
      cloud.clusterNamed(cluster).rollOut(key, timeline.now(), this.#addressOf(id, 1));
      const { snapshotClass } = cloud.clusterNamed(cluster);
      if (snapshotClass && cloud.clusterNamed(cluster).hasVolume(key))
        cloud.oracle.kept.used(id, timeline.now());
      if (faults.happens('out of memory', 0.35)) this.#kill(cluster, key);
      if (faults.happens('address moved', 0.15)) this.#move(cluster, key);
    });
  }

  /** The driver, soon or late; what it makes stays when the namespace goes. */
  #takeSnapshot(cluster: string, namespace: string, name: string): void {
    const { random, timeline, faults, oracle, clusters } = this.#cloud;
    const id = `${namespace} ${name}`;
    const key = oracle.environments
      .map(parseEnvironmentId)
      .find((one) => one && namespaceOf(one) === namespace);
    // What names a snapshot that is there already asks for none.
    if (!key || name === fillingName || this.#begun.has(id)) return;
    this.#begun.add(id);
    const late = faults.happens('snapshot late', 0.1) ? random.between(300, 900) : 0;
    timeline.in(late + random.between(2, 60), `${id} is taken`, async () => {
      const there = (await clusters.get(cluster)?.snapshots(key))?.snapshots ?? [];
      // It may be asked for anew.
      this.#begun.delete(id);
      if (!there.some(({ metadata }) => metadata.name === name)) return;
      clusters
        .get(cluster)
        ?.snapshotTaken(key, snapshotDriver, `snap-${id.replaceAll(/[^a-z0-9]/g, '-')}`, name);
    });
  }

  #addressOf = (id: string, n: number): string => `lb-${n}.${id.replace('/', '.')}.elb.example`;

  #kill(cluster: string, key: EnvironmentKey): void {
    const { timeline, random, clusters } = this.#cloud;
    timeline.in(random.between(5, 900), `${environmentId(key)}: out of memory`, () => {
      if (!clusters.get(cluster)?.isToRun(key)) return;
      clusters.get(cluster)?.oomKill(key, timeline.now());
      timeline.in(random.between(3, 90), `${environmentId(key)} runs again`, () => {
        if (clusters.get(cluster)?.isToRun(key)) clusters.get(cluster)?.restart(key, timeline.now());
      });
    });
  }

  #move(cluster: string, key: EnvironmentKey): void {
    const { timeline, random, clusters } = this.#cloud;
    timeline.in(random.between(60, 900), `${environmentId(key)}: its address moves`, () => {
      if (!clusters.get(cluster)?.isToRun(key)) return;
      clusters.get(cluster)?.rollOut(key, timeline.now(), this.#addressOf(environmentId(key), 2));
    });
  }
}
