/** The Kubernetes API with the administrator's certificate, for what local/ does in the place of AWS. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import * as z from '#core/zod.ts';

export interface KubernetesApi {
  get<T>(path: string, schema: z.ZodMiniType<T>): Promise<T>;
  /** A JSON merge patch. */
  patch(path: string, body: unknown): Promise<void>;
  post<T>(path: string, body: unknown, schema: z.ZodMiniType<T>): Promise<T>;
  /** Server-side: made, or brought to what is given. */
  apply(path: string, body: unknown): Promise<void>;
  remove(path: string): Promise<void>;
  close(): void;
}

const base64 = z.pipe(
  z.base64(),
  z.transform((data) => Buffer.from(data, 'base64')),
);
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
  const call = (method: string, path: string, body?: unknown, type = 'application/json'): Promise<string> =>
    send(agent, new URL(path, cluster.server), { method, type, body });
  const read = <T>(what: string, text: string, schema: z.ZodMiniType<T>): T => {
    const answer = schema.safeParse(JSON.parse(text));
    if (answer.success) return answer.data;
    throw new Error(`${what} answered something unexpected:\n${z.prettifyError(answer.error)}`);
  };
  return {
    get: async (path, schema) => read(`GET ${path}`, await call('GET', path), schema),
    post: async (path, body, schema) => read(`POST ${path}`, await call('POST', path, body), schema),
    patch: async (path, body) => {
      await call('PATCH', path, body, 'application/merge-patch+json');
    },
    apply: async (path, body) => {
      const query = 'fieldManager=local&force=true';
      await call('PATCH', `${path}?${query}`, body, 'application/apply-patch+yaml');
    },
    remove: async (path) => {
      await call('DELETE', path);
    },
    close: () => agent.destroy(),
  };
}

interface Call {
  readonly method: string;
  readonly type: string;
  readonly body: unknown;
}

function send(agent: Agent, url: URL, { method, type, body }: Call): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json', 'content-type': type };
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
