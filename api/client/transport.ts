/** How the typed client talks to the API: a request is sent, what got no answer once more, and the answer held against its schema. */
import type * as z from '#core/zod.ts';
import { Problem } from '../answers.ts';

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

/** Its functions stand alone, so that they can be handed on. */
class Sender {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** All of them, one after the other. */
  readonly pages = async <S extends z.ZodMiniType<{ next?: string | undefined }>>(
    schema: S,
    what: string,
    path: string,
    query: Readonly<Record<string, string | undefined>> = {},
  ): Promise<z.infer<S>[]> => {
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) asked.set(name, value);
    const pages: z.infer<S>[] = [];
    for (;;) {
      const page = await this.call(schema, what, 'GET', `${path}?${asked}`);
      pages.push(page);
      if (page.next === undefined) return pages;
      asked.set('cursor', page.next);
    }
  };

  readonly call = async <S extends z.ZodMiniType>(
    schema: S,
    what: string,
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<z.infer<S>> => {
    const { api } = this.#options;
    const answer = await this.#fetch(method, path, body, headers);
    const text = await answer.text();
    if (!answer.ok) throw new ApiError(problemOf(answer.status, text));
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      const detail = `${api} answered ${method} ${path} with no ${what}. Is it the address of the API, of this version?`;
      throw new Error(detail, { cause });
    }
  };

  /** What got no answer is sent again: under its key a POST is done once. */
  async #fetch(method: string, path: string, body: unknown, more: Readonly<Record<string, string>>) {
    const { api, token } = this.#options;
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(method === 'POST' && { 'idempotency-key': crypto.randomUUID() }),
      ...more,
    };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    for (let tries = 1; ; tries++) {
      try {
        const answer = await fetch(`${api.replace(/\/$/, '')}${path}`, init);
        if (answer.status !== 503 || tries === 3) return answer;
      } catch (error) {
        if (tries === 3) throw new Error(`${api} did not answer: ${reasonOf(error)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, tries * 200));
    }
  }
}

export type Transport = Pick<Sender, 'call' | 'pages'>;
export const transport = (options: ClientOptions): Transport => new Sender(options);

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
