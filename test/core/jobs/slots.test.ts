/** What a job is called fits wherever it stands. */
import { expect, test } from 'vitest';
import { JobKey, workerAccount } from '#core/jobs/slots.ts';
import { EnvironmentKey } from '#core/names.ts';
import { jobKey } from './samples.ts';

test("a job's key can stand where an environment's does, and its name where Kubernetes and SQS have theirs", () => {
  const key = jobKey();
  expect(EnvironmentKey.parse(key)).toEqual(key);
  for (const name of ['web', 'job-x', 'job-0123456789abcdefa'])
    expect(JobKey.safeParse({ ...key, name }).success).toBe(false);
  for (const name of [key.name, workerAccount]) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
});
