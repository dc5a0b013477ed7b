/** Entry of the access service: it answers the gates of a cluster, until SIGTERM. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { MetricHeartbeat } from '#adapters/aws/heartbeat.ts';
import { PersonKeyItems } from '#adapters/aws/person-keys.ts';
import { SshSessionItems } from '#adapters/aws/ssh-sessions.ts';
import { TokenReviews } from '#adapters/kubernetes/tokens.ts';
import { makeLog } from '#adapters/log.ts';
import { accessHeartbeat } from '#core/access.ts';
import { parse } from '#core/errors.ts';
import { sayAlive } from './alive.ts';
import { Env } from './env.ts';
import { AccessService } from './service.ts';

/** Of a question with as many keys as one may have. */
const longestBody = 512 * 1024;
/** Of its pod's service account: put there, and renewed, by the kubelet. */
const account = '/var/run/secrets/kubernetes.io/serviceaccount';

const env = parse(Env, process.env, "the access service's environment");
const log = makeLog({ service: 'access' });
const host = env.KUBERNETES_SERVICE_HOST;
const stopping = new AbortController();
const { signal } = stopping;
const ownToken = () => readFile(`${account}/token`, 'utf8');
const keys = new PersonKeyItems(env.TABLE_NAME);
const tokens = new TokenReviews({
  endpoint: `https://${host.includes(':') ? `[${host}]` : host}:${env.KUBERNETES_SERVICE_PORT}`,
  ca: (await readFile(`${account}/ca.crt`)).toString('base64'),
  token: ownToken,
  timeoutMs: 1_500,
});
const sessions = new SshSessionItems(env.TABLE_NAME);
const service = new AccessService({ tokens, keys, sessions, now: () => new Date(), log });
const heartbeat = new MetricHeartbeat(accessHeartbeat.namespaceOf(env.CLUSTER_NAME), accessHeartbeat.metric);

const server = createServer(async (request, response) => {
  const send = (status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  if (request.method === 'GET' && request.url === '/live') return send(200, { failures: service.failures });
  const isReport = request.url === '/sessions';
  if (request.method !== 'POST' || !(isReport || request.url === '/keys'))
    return send(404, { message: 'POST /keys or /sessions' });
  const body = await bodyOf(request).catch(() => undefined);
  if (body === undefined) return send(413, { message: 'The question is too long, or was not ended.' });
  const { authorization = '' } = request.headers;
  const reply = await (isReport ? service.report(authorization, body) : service.answer(authorization, body));
  send(reply.status, reply.body);
});
server.requestTimeout = 5_000;
server.headersTimeout = 5_000;
server.listen(env.PORT);
log.info('listening', { port: env.PORT });
for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.once(name, () => {
    log.info('stopping', { why: name });
    server.close();
    server.closeIdleConnections();
    stopping.abort(name);
  });
while (!signal.aborted) {
  await sayAlive({ tokens, keys, heartbeat, ownToken, log });
  await sleep(accessHeartbeat.everyMs, undefined, { signal }).catch(() => undefined);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of request.setEncoding('utf8')) {
    body += String(part);
    if (body.length > longestBody) throw new Error('too long');
  }
  return body;
}
