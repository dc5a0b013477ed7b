/** Calls of the API in a test's world. */
import '../lambdas/quiet.ts';
import { expect } from 'vitest';
import { EnvironmentAnswer, Problem } from '#api/schemas.ts';
import type { Person } from '#core/roles.ts';
import type { World } from '../lambdas/world.ts';

export async function call(
  world: World,
  person: Person,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await world
    .api(person)
    .request(path, body === undefined ? { method } : { method, body: text });
  return answer;
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
