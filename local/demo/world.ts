/** What a person sees of an environment from outside: its address, its name, its pages at the pager. */
import { Resolver } from 'node:dns/promises';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from '#core/zod.ts';
import type { Cloud } from '#local/setup/cloud-file.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** GET at an address, under the name that a browser would send. */
export function get(
  address: string,
  { host = address, path = '/', timeoutMs = 5000 } = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: address, port: 80, path, headers: { host }, timeout: timeoutMs },
      (incoming) => {
        let body = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (text: string) => {
          body += text;
        });
        incoming.on('error', reject);
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body }));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${address} did not answer in ${timeoutMs} ms`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Asks the local cloud's own DNS server, as `dig @127.0.0.1 -p PORT NAME` does. */
export async function resolve(cloud: Cloud, name: string): Promise<string[]> {
  const resolver = new Resolver();
  resolver.setServers([`${cloud.dns.host}:${cloud.dns.port}`]);
  return resolver.resolve4(name);
}

const Notice = z.object({
  state: z.enum(['open', 'recovered']),
  environment: z.string(),
  incident: z.string(),
  kind: z.string(),
  openedAt: z.string(),
  summary: z.string(),
});
export type Notice = z.infer<typeof Notice>;
const Pages = z.array(z.object({ message: z.string() }));

/** What the pager was told of an environment, oldest first. The topic carries the alarms' own notices too. */
export async function notices(cloud: Cloud, environment: string): Promise<Notice[]> {
  const answer = await fetch(`${cloud.services}/pager`);
  if (!answer.ok) throw new Error(`the pager answered ${answer.status}: ${await answer.text()}`);
  return Pages.parse(await answer.json()).flatMap(({ message }) => {
    const parsed = Notice.safeParse(JSON.parse(message));
    return parsed.success && parsed.data.environment === environment ? [parsed.data] : [];
  });
}

const looks = { firstMs: 250, longestMs: 2_000, share: 0.05 };

/**
 * Asks until there is an answer, less often the longer it takes: on two cores many who ask slow down what they wait for.
 * @throws with `what` and the last state seen when time is up.
 */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined>,
  seen: () => string = () => '',
): Promise<T> {
  const begin = Date.now();
  const end = begin + seconds * 1000;
  let problem = '';
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      problem = '';
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    const pause = looks.firstMs + looks.share * (Date.now() - begin);
    await sleep(Math.min(pause, looks.longestMs));
  }
  throw new Error([`${what} did not come about in ${seconds} s`, seen(), problem].filter(Boolean).join('; '));
}
