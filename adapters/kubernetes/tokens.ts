/**
 * TokenReview: the cluster says whose a token is. It must have been made for the access service, and for a pod.
 * Source: Kubernetes documentation, "TokenReview v1 authentication.k8s.io" and "Service account token volume projection".
 */
import { accessAudience } from '#core/access.ts';
import type { Tokens } from '#core/access-ports.ts';
import * as z from '#core/zod.ts';
import { type ApiOptions, KubernetesApi } from './api.ts';

const Review = z.object({
  status: z.object({
    authenticated: z._default(z.boolean(), false),
    audiences: z._default(z.array(z.string()), []),
    user: z.optional(
      z.object({
        username: z._default(z.string(), ''),
        extra: z._default(z.record(z.string(), z.array(z.string())), {}),
      }),
    ),
  }),
});
const podName = 'authentication.kubernetes.io/pod-name';

export class TokenReviews implements Tokens {
  readonly #api: KubernetesApi;

  constructor(options: ApiOptions) {
    this.#api = new KubernetesApi(options);
  }

  async namespaceOf(token: string): Promise<string | undefined> {
    const path = '/apis/authentication.k8s.io/v1/tokenreviews';
    const spec = { token, audiences: [accessAudience] };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
    const review = await this.#api.call({ method: 'POST', path, body, what: 'review a token' }, Review);
    const { authenticated, audiences, user } = review?.status ?? { authenticated: false, audiences: [] };
    // An API server that knows no audiences would take a token of any.
    if (!authenticated || !audiences.includes(accessAudience) || !user?.extra[podName]?.[0]) return undefined;
    return /^system:serviceaccount:([^:]+):[^:]+$/.exec(user.username)?.[1];
  }
}
