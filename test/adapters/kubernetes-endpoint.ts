/** A cluster's API on this machine, by HTTPS: records what is asked, answers what a test says, and breaks off where it is told to. */
import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { desiredObjects } from '#core/rollout.ts';
import { digestOf, spec, web } from '../contracts/samples.ts';
import type { Asked } from './aws-endpoint.ts';
import { secureServer } from './servers.ts';

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The connection is cut there. */
  readonly cut?: 'before' | 'within';
  /** Between one byte and the next. */
  readonly dripMs?: number;
}

async function reply(response: ServerResponse, { status = 200, headers, body = '', cut, dripMs }: Answer) {
  if (cut === 'before') return void response.destroy();
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) + (cut ? 100 : 0) });
  if (dripMs === undefined) response.write(body);
  else for (const byte of body) await sleep(dripMs).then(() => response.destroyed || response.write(byte));
  if (cut === 'within') await sleep(20).then(() => response.destroy());
  else response.end();
}

export async function kubernetesEndpoint(answer: (asked: Asked) => Answer) {
  const asked: Asked[] = [];
  const opened = await secureServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const one = { method, path: url, headers, body: await text(request) };
    asked.push(one);
    await reply(response, answer(one));
  });
  return { ...opened, asked };
}

export const digest = digestOf('image');
export const objects = desiredObjects({
  key: web,
  spec,
  image: `r.example/release/checkout/web@${digest}`,
  digest,
  loadBalancerScheme: 'internal',
  kubernetesVersion: '1.36',
  drainSeconds: 5,
});
export const status = (code: number, message: string): Answer => ({
  status: code,
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }),
});
