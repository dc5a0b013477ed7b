/** Entry of the watcher: one pod in each cluster. Until SIGTERM it watches, tells, and says how it is. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SqsSights } from '#adapters/aws/sights.ts';
import { watch } from '#adapters/kubernetes/watch.ts';
import { makeLog } from '#adapters/log.ts';
import { parse } from '#core/errors.ts';
import type { WatchedKind } from '#core/known.ts';
import { fieldManager } from '#core/rollout.ts';
import { Env } from './env.ts';
import { Watcher, watchedPaths } from './watcher.ts';

const tellEveryMs = 100;
const beatEveryMs = 60_000;
/** What is seen at the end is still told, for as long. */
const lastWordsMs = 5_000;
/** Of the pod's service account: put there, and renewed, by the kubelet. */
const account = '/var/run/secrets/kubernetes.io/serviceaccount';

const env = parse(Env, process.env, "the watcher's environment");
const log = makeLog({ service: 'watcher' });
const stopping = new AbortController();
const { signal } = stopping;
const watcher = new Watcher({
  cluster: env.CLUSTER_NAME,
  sights: new SqsSights(env.QUEUE_URL),
  now: Date.now,
  log,
});

const health = createServer((request, response) => {
  const well = request.url === '/live' ? watcher.turns : request.url === '/ready' && watcher.works;
  response.writeHead(well ? 200 : 503, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ blind: watcher.blind, waiting: watcher.waiting }));
});
health.listen(env.HEALTH_PORT);
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort(name));

const ca = await readFile(`${account}/ca.crt`, 'utf8');
const watches = (['Pod', 'Deployment', 'Service'] as const satisfies WatchedKind[]).map((kind) =>
  watch(
    {
      endpoint: `https://${hostOf(env.KUBERNETES_SERVICE_HOST)}:${env.KUBERNETES_SERVICE_PORT}`,
      ca,
      token: () => readFile(`${account}/token`, 'utf8'),
      path: watchedPaths[kind],
      labelSelector: `app.kubernetes.io/managed-by=${fieldManager}`,
      listener: watcher.listener(kind),
    },
    signal,
  ),
);
log.info('watching', { cluster: env.CLUSTER_NAME });
await Promise.all([...watches, repeat(tellEveryMs, () => watcher.tell()), repeat(1_000, beats())]);
log.info('stopping', { why: signal.reason });
const deadline = Date.now() + lastWordsMs;
while (watcher.waiting > 0 && Date.now() < deadline) {
  await watcher.tell();
  await sleep(tellEveryMs);
}
health.close();
health.closeAllConnections();

/** As soon as it sees, then once a minute. */
function beats(): () => Promise<void> {
  let next = 0;
  return async () => {
    const now = Date.now();
    if (now < next || (next === 0 && !watcher.sees)) return;
    next = now + beatEveryMs;
    await watcher.beat();
  };
}

async function repeat(everyMs: number, turn: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await turn();
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/** An IPv6 address is in brackets in a URL. */
function hostOf(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
