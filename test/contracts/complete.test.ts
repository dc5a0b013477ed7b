/** A port has one contract, which its adapters keep on two implementations of AWS: none is forgotten. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const called = (text: string): Set<string> =>
  new Set([...text.matchAll(/^ *(\w+)Contract\(/gm)].map(([, name = '']) => name));
const written = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts') && file !== 'contract.ts')
  .flatMap((file) => [...read(file).matchAll(/^export function (\w+)Contract\(/gm)])
  .map(([, name = '']) => name);

/** Kept elsewhere, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  cluster: 'a real API server (test/e2e/contracts.test.ts)',
  clusterFields: 'a real API server (test/e2e/cluster.test.ts)',
  heartbeat: 'moto, and the local cloud in test/e2e/access-alive.test.ts',
  jobCluster: 'a real API server (test/e2e/slot-keepers.test.ts)',
  promoter: 'moto has no registry, as its tests hold: the local cloud alone',
  sights:
    'the local cloud in test/e2e/watcher.test.ts, and a server that throttles in test/adapters/sights.test.ts',
  workerIdentities: 'the local cloud in test/e2e/slot-keepers.test.ts: moto has no associations of pods',
};

it('is kept on both, or says where and why not', () => {
  const shared = called(read('endpoint.ts'));
  const [onMoto, onLocal] = [
    called(read('../moto/contracts.test.ts')),
    called(read('../e2e/contracts.test.ts')),
  ];
  const missing = written.filter((name) => !shared.has(name) && !(onMoto.has(name) && onLocal.has(name)));
  expect(missing.sort()).toEqual(Object.keys(elsewhere).sort());
});
