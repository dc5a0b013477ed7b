/** The typed client that the CLI uses: what it sends and what it gets are the API's own schemas. */
import type * as z from 'zod';
import { type CreateEnvironment, EnvironmentAnswer, Problem } from '../schemas.ts';

export { explain } from '#core/verdict.ts';
export type { EnvironmentAnswer } from '../schemas.ts';

/** The API said no, and why. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(`${problem.title} (${problem.status}): ${problem.detail}`);
    this.problem = problem;
  }
}

export interface ClientOptions {
  /** The stage's address, with or without a slash at its end. */
  readonly api: string;
  readonly token: string;
}

export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  create(environment: z.input<typeof CreateEnvironment>): Promise<EnvironmentAnswer> {
    return this.#call('POST', '/environments', environment);
  }

  /** @param id `team/name` */
  get(id: string): Promise<EnvironmentAnswer> {
    return this.#call('GET', `/environments/${id}`);
  }

  approve(id: string, digest: string): Promise<EnvironmentAnswer> {
    return this.#call('POST', `/environments/${id}/approvals`, { digest });
  }

  async #call(method: string, path: string, body?: unknown): Promise<EnvironmentAnswer> {
    const { api, token } = this.#options;
    const answer = await fetch(`${api.replace(/\/$/, '')}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new Error(`${api} did not answer: ${reasonOf(error)}`);
    });
    const text = await answer.text();
    if (!answer.ok) throw new ApiError(problemOf(answer.status, text));
    try {
      return EnvironmentAnswer.parse(JSON.parse(text));
    } catch (cause) {
      const detail = `${api} answered ${method} ${path} with no environment. Is it the address of the API, of this version?`;
      throw new Error(detail, { cause });
    }
  }
}

/** `fetch` says that it failed, its cause says why. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** What the gateway itself refuses (401, 429) is no problem document: its text is the detail. */
function problemOf(status: number, text: string): Problem {
  try {
    return Problem.parse(JSON.parse(text));
  } catch {
    return { type: 'about:blank', title: 'The gateway refused', status, detail: text.slice(0, 300) };
  }
}
