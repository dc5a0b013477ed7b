/** What another job made, as a job's input: by its manifest, in the order of what that one read. Nothing else that lies there is of it. */
import { readLines } from '#adapters/json-lines.ts';
import type { ListedObject } from '#core/jobs/dataset.ts';
import { filesOf, ManifestLine } from '#core/jobs/job-files.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { resultKeys, whyNoResults } from '#core/jobs/results.ts';
import { type JobKey, resultsBelow } from '#core/jobs/slots.ts';
import type { JobsDeps } from './deps.ts';

/** @throws InputFailed where they are not there. */
export async function* resultsOf(deps: JobsDeps, key: JobKey): AsyncIterable<ListedObject> {
  const { jobs, objects, datasets, place } = deps;
  const job = await jobs.read(key);
  const why = whyNoResults(job, key.name);
  if (job === undefined || why !== undefined) throw new InputFailed(why ?? `${key.name} is not there`);
  if ('reduced' in job && job.reduced !== undefined) {
    yield* datasets.objects({ bucket: place.bucket, key: job.reduced.key, isPrefix: false });
    return;
  }
  // The manifest knows no ETags, and to ask for each by itself would take a call each.
  const there = new Map<string, ListedObject>();
  for await (const object of datasets.objects({
    bucket: place.bucket,
    key: resultsBelow(key),
    isPrefix: true,
  }))
    there.set(object.key, object);
  for await (const line of readLines(objects, filesOf(key).manifest, ManifestLine))
    for (const result of resultKeys(line)) {
      const found = there.get(result);
      if (found === undefined) throw new InputFailed(`s3://${place.bucket}/${result} is not there`);
      yield found;
    }
}
