/** The few calls that the deployer makes of a Kubernetes API, over node:https: the official client is 2 MB in a bundle. */
import { request } from 'node:https';
import * as z from 'zod';
import { Rejected, Retryable } from '#core/errors.ts';
import { Deployment, Pod, Service, type Sight } from '#core/health.ts';
import { type EnvironmentKey, namespaceOf } from '#core/names.ts';
import type { ClusterClient } from '#core/ports.ts';
import { appName, fieldManager, type KubernetesObject } from '#core/rollout.ts';

interface Options {
  readonly endpoint: string;
  /** Base64 of the PEM. */
  readonly ca: string;
  readonly token: () => Promise<string>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const timeoutMs = 10_000;

/** The collection of each kind that we apply. Cluster-wide kinds have no namespace in their path. */
const collections: Readonly<Record<string, string>> = {
  'v1 Namespace': '/api/v1/namespaces',
  'v1 Service': 'services',
  'v1 ServiceAccount': 'serviceaccounts',
  'apps/v1 Deployment': 'deployments',
  'rbac.authorization.k8s.io/v1 ClusterRole': '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  'scheduling.k8s.io/v1 PriorityClass': '/apis/scheduling.k8s.io/v1/priorityclasses',
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy':
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
  'admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding':
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
};

export class KubernetesClient implements ClusterClient {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  async apply(objects: readonly KubernetesObject[]): Promise<void> {
    for (const object of objects) {
      const path = `${pathOf(object)}?fieldManager=${fieldManager}&force=true`;
      const answer = await this.#call('PATCH', path, JSON.stringify(object));
      if (answer.status >= 300) throw failure(answer, `apply ${object.kind} ${object.metadata.name}`);
    }
  }

  /** What is not there is gone already. */
  async remove(objects: readonly KubernetesObject[]): Promise<void> {
    for (const object of objects) {
      const answer = await this.#call('DELETE', pathOf(object));
      if (answer.status >= 300 && answer.status !== 404)
        throw failure(answer, `delete ${object.kind} ${object.metadata.name}`);
    }
  }

  async look(key: EnvironmentKey): Promise<Sight> {
    const namespace = namespaceOf(key);
    const selector = encodeURIComponent(`app.kubernetes.io/instance=${namespace}`);
    const [deployment, service, pods] = await Promise.all([
      this.#get(`/apis/apps/v1/namespaces/${namespace}/deployments/${appName}`, Deployment),
      this.#get(`/api/v1/namespaces/${namespace}/services/${appName}`, Service),
      this.#get(
        `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`,
        z.object({ items: z.array(Pod) }),
      ),
    ]);
    return { deployment, service, pods: pods?.items ?? [] };
  }

  async #get<S extends z.ZodType>(path: string, schema: S): Promise<z.infer<S> | undefined> {
    const answer = await this.#call('GET', path);
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw failure(answer, `read ${path}`);
    return schema.parse(JSON.parse(answer.body));
  }

  async #call(method: 'GET' | 'PATCH' | 'DELETE', path: string, body?: string): Promise<Answer> {
    const token = await this.#options.token();
    return new Promise((resolve, reject) => {
      const fail = (error: Error) =>
        reject(new Retryable(`The Kubernetes API did not answer: ${error.message}`));
      const outgoing = request(
        new URL(path, this.#options.endpoint),
        {
          method,
          ca: Buffer.from(this.#options.ca, 'base64'),
          timeout: timeoutMs,
          headers: {
            authorization: `Bearer ${token}`,
            accept: 'application/json',
            ...(body === undefined ? {} : { 'content-type': 'application/apply-patch+yaml' }),
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', fail);
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
          );
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
      outgoing.on('error', fail);
      outgoing.end(body);
    });
  }
}

function pathOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  const collection = collections[`${apiVersion} ${kind}`];
  if (collection === undefined)
    throw new Error(`adapters/kubernetes/client.ts knows no path for ${apiVersion} ${kind}`);
  if (collection.startsWith('/')) return `${collection}/${metadata.name}`;
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${group}/namespaces/${metadata.namespace}/${collection}/${metadata.name}`;
}

const Status = z.object({ message: z.string() });

/** 401 and 403 may pass: a role that was bound a moment ago is not known everywhere at once. */
function failure({ status, body }: Answer, what: string): Error {
  let message = body.slice(0, 500);
  try {
    message = Status.parse(JSON.parse(body)).message;
  } catch {
    // Not a Status object: a proxy's page, say. Its first characters are the best there is.
  }
  const final = status === 400 || status === 404 || status === 405 || status === 422;
  return new (final ? Rejected : Retryable)(`The cluster refused to ${what} (${status}): ${message}`);
}
