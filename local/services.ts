/**
 * The local services: one process that does what AWS does beside its API (scans, builds, token review, load
 * balancers, Container Insights, DNS) and what a company has beside AWS (a pager). `node local/services.ts <instance>`.
 */
import { join } from 'node:path';
import { EKSClient } from '@aws-sdk/client-eks';
import { loadConfig } from '#lib/config-file.ts';
import { startDnsServer } from '#local/aws/dns.ts';
import { ACCOUNT, emulatorPrograms, hostedZones, REGION } from '#local/aws/emulator.ts';
import { createBuilds } from '#local/images/build.ts';
import { loadAdvisories } from '#local/images/scanner/advisories.ts';
import { scanHandler } from '#local/images/scanner/handler.ts';
import type { Instance } from '#local/instance.ts';
import { eksAccessEntries } from '#local/kubernetes/access-entries.ts';
import { tokenReviewHandler } from '#local/kubernetes/token-review.ts';
import { clusterServices } from '#local/services/cluster.ts';
import { type Routes, serve } from '#local/services/http.ts';
import { pagerRoutes } from '#local/services/pager.ts';
import { sourcesVersion } from '#local/services/process.ts';
import { registryHost } from '#local/setup/cloud-file.ts';
import { recordedInstance } from '#local/setup/ports.ts';

const instance = recordedInstance(process.argv[2] ?? 'demo');
const aws = `http://${instance.network.host}:${instance.ports.aws}`;
const log = (component: string) => (line: string) =>
  console.log(`${new Date().toISOString()} ${component}: ${line}`);

// One node stands for one cluster: the configuration's first.
const [first] = loadConfig().clusters;
if (first === undefined) throw new Error('the configuration names no cluster');
const clusterName = first.name;

const cluster = clusterServices({ clusterName, loadBalancers: instance.network.loadBalancers, aws, log });
const builds = createBuilds({
  state: instance.state,
  logs: instance.logs,
  registry: aws,
  registryName: registryHost,
  accountId: ACCOUNT,
  region: REGION,
  awsBin: emulatorPrograms(instance),
  log: log('build'),
});
const dns = await startDnsServer({
  host: '127.0.0.1',
  port: instance.ports.dns,
  zones: () => hostedZones(aws),
  onError: (error) => log('dns')(String(error)),
});
const server = await serve(
  instance.network.host,
  instance.ports.services,
  await routes(instance),
  log('http'),
);
log('services')(
  `listen on ${instance.network.host}:${instance.ports.services}, DNS on 127.0.0.1:${instance.ports.dns}`,
);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));

async function routes({ root, state }: Instance): Promise<Routes> {
  const version = sourcesVersion({ root });
  return {
    'GET /health': async () => new Response(version),
    'POST /scan': scanHandler({
      registry: aws,
      accountId: ACCOUNT,
      region: REGION,
      advisories: await loadAdvisories(join(root, 'local/advisories')),
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      now: () => new Date(),
      log: log('scan'),
    }),
    'POST /build': builds.start,
    'POST /build/stop': builds.stop,
    'POST /build/machine': builds.newMachine,
    'POST /token-review': tokenReviewHandler({
      clusterName,
      stsEndpoint: aws,
      findAccessEntry: eksAccessEntries(new EKSClient({}), clusterName),
      fetch,
      now: () => new Date(),
      log: log('token-review'),
    }),
    ...pagerRoutes({ file: join(state, 'pager.jsonl'), emulatorHost: new URL(aws).host }),
    ...cluster.routes,
  };
}

/** What runs is ended before the answers to it are. */
async function stop(signal: string): Promise<void> {
  log('services')(`stop by ${signal}`);
  await Promise.all([builds.close(), cluster.stop(), dns.close()]);
  await server.close(3_000);
  process.exit(0);
}
