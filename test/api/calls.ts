/** Calls of the API in a test's world, with the headers that a client sends. */
import { expect } from 'vitest';
import { EnvironmentAnswer, Problem } from '#api/answers.ts';
import { parseEnvironmentId } from '#core/names.ts';
import type { Person } from '#core/roles.ts';
import type { World } from '../lambdas/world.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Headers = Readonly<Record<string, string | undefined>>;

/** @param headers put in the place of a client's own; an undefined one is left out. */
export async function call(
  world: World,
  person: Person,
  method: Method,
  path: string,
  body?: unknown,
  headers: Headers = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const sent = { ...(method !== 'GET' && (await clientHeaders(world, path))), ...headers };
  const init = {
    method,
    headers: Object.entries(sent).flatMap(([name, it]) =>
      it === undefined ? [] : [[name, it] as [string, string]],
    ),
  };
  return world.api(person).request(path, body === undefined ? init : { ...init, body: text });
}

let keys = 1;
async function clientHeaders({ store }: World, path: string): Promise<Record<string, string>> {
  const [, , team, name] = (path.split('?')[0] ?? '').split('/');
  const key = parseEnvironmentId(`${team}/${name}`);
  const version = (key && (await store.read(key))?.version) ?? 1;
  return { 'idempotency-key': `test-${keys++}`, 'if-match': `"${version}"` };
}

export async function refused(...asked: Parameters<typeof call>) {
  const answer = await call(...asked);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = Problem.parse(await answer.json());
  expect(problem.status).toBe(answer.status);
  return problem;
}
export async function answered(...asked: Parameters<typeof call>) {
  const answer = await call(...asked);
  return { status: answer.status, ...EnvironmentAnswer.parse(await answer.json()) };
}
