/** The Kubernetes API with the administrator's certificate, for what local/ does in the place of AWS. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import * as z from 'zod';

export interface KubernetesApi {
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  /** A JSON merge patch. */
  patch(path: string, body: unknown): Promise<void>;
  close(): void;
}

const base64 = z.base64().transform((data) => Buffer.from(data, 'base64'));
const kubeconfigSchema = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': base64 }) }),
  ]),
  users: z.tuple([
    z.object({ user: z.object({ 'client-certificate-data': base64, 'client-key-data': base64 }) }),
  ]),
});

/** Reads a kubeconfig such as startNode's: one cluster, one user, everything inline. */
export function connect(kubeconfig: string): KubernetesApi {
  const { clusters, users } = kubeconfigSchema.parse(parse(readFileSync(kubeconfig, 'utf8')));
  const [{ cluster }] = clusters;
  const [{ user }] = users;
  const agent = new Agent({
    keepAlive: true,
    ca: cluster['certificate-authority-data'],
    cert: user['client-certificate-data'],
    key: user['client-key-data'],
  });
  const call = (method: string, path: string, body?: unknown): Promise<string> =>
    send(agent, new URL(path, cluster.server), method, body);
  return {
    get: async (path, schema) => {
      const answer = schema.safeParse(JSON.parse(await call('GET', path)));
      if (answer.success) return answer.data;
      throw new Error(`GET ${path} answered something unexpected:\n${z.prettifyError(answer.error)}`);
    },
    patch: async (path, body) => {
      await call('PATCH', path, body);
    },
    close: () => agent.destroy(),
  };
}

function send(agent: Agent, url: URL, method: string, body: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json', 'content-type': 'application/merge-patch+json' };
    const call = request(url, { agent, method, headers, timeout: 10_000 }, (response) => {
      const status = response.statusCode ?? 0;
      text(response).then(
        (answer) =>
          status >= 200 && status < 300
            ? resolve(answer)
            : reject(new Error(`${method} ${url.pathname} answered ${status}: ${answer.slice(0, 500)}`)),
        reject,
      );
    });
    call.on('timeout', () => call.destroy(new Error(`${method} ${url.href} did not answer in 10 s`)));
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
