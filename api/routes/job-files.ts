/** What a job made: links to its plan and manifest, to its results, and why chunks failed. */
import { type ChunkState, restOf } from '#core/jobs/chunk.ts';
import { extentOf, filesOf } from '#core/jobs/job-files.ts';
import { hasQuotes } from '#core/jobs/request.ts';
import type { FailuresAnswer, ResultsAnswer } from '../job-answers.ts';
import { ChunksQuery, JobPath } from '../job-schemas.ts';
import { readJob } from '../jobs.ts';
import { noBody, none, route } from '../route.ts';

/** Of chunks; each may have several results. */
const pageSize = 100;
/** Of those that did not fail, to find those that did: an answer is to come in a second or two. */
const mostSeen = 5000;

const files = route({
  method: 'GET',
  path: '/jobs/{team}/{name}/files',
  name: 'getJobFiles',
  summary: 'Links to what a job read, to what became of each chunk of it, and to its results in one',
  who: 'read',
  params: JobPath,
  headers: none,
  query: none,
  body: noBody,
  answers: { 200: 'JobFilesAnswer' },
  problems: [404],
  answer: async ({ params }, deps) => {
    const job = await readJob(deps, params);
    const { plan, quoted, manifest } = filesOf(job);
    const { url, expiresSeconds } = await deps.jobFiles.link(plan);
    const quotes = hasQuotes(job.request) && { quoted: (await deps.jobFiles.link(quoted)).url };
    const has = job.phase === 'ended' || (job.phase === 'finishing' && job.manifest);
    const made = has && { manifest: (await deps.jobFiles.link(manifest)).url };
    const reduced = 'reduced' in job ? job.reduced : undefined;
    const whole = reduced && { result: (await deps.jobFiles.link(reduced.key)).url };
    return { status: 200, body: { plan: url, ...quotes, ...made, ...whole, expiresSeconds } };
  },
});

const failures = route({
  method: 'GET',
  path: '/jobs/{team}/{name}/failures',
  name: 'listJobFailures',
  summary:
    'Chunks that failed: which bytes or keys of what, why, how the command ended, and what it said last. A page may be empty, and not the last.',
  who: 'read',
  params: JobPath,
  headers: none,
  query: ChunksQuery,
  body: noBody,
  answers: { 200: 'FailuresAnswer' },
  problems: [404],
  answer: async ({ params, query: { cursor } }, deps) => {
    const { name } = await readJob(deps, params);
    const found: FailuresAnswer['failures'] = [];
    let seen = 0;
    for await (const one of deps.chunks.list(name, cursor)) {
      if (one.state === 'failed') found.push(failureOf(one));
      seen += 1;
      if (found.length === pageSize || seen === mostSeen)
        return { status: 200, body: { failures: found, next: one.chunk.id } };
    }
    return { status: 200, body: { failures: found } };
  },
});

type Failed = Extract<ChunkState, { state: 'failed' }>;
function failureOf(failed: Failed): FailuresAnswer['failures'][number] {
  const { chunk, attempts, lastFailure: failure } = failed;
  return { chunk: chunk.id, key: chunk.key, ...extentOf(restOf(failed)), attempts, failure };
}

const results = route({
  method: 'GET',
  path: '/jobs/{team}/{name}/results',
  name: 'listJobResults',
  summary: 'Links to results, in the order of the input: laid end to end they are those of the whole',
  who: 'read',
  params: JobPath,
  headers: none,
  query: ChunksQuery,
  body: noBody,
  answers: { 200: 'ResultsAnswer' },
  problems: [404],
  answer: async ({ params, query: { cursor } }, deps) => {
    const { name } = await readJob(deps, params);
    const found: ResultsAnswer['results'] = [];
    let seen = 0;
    for await (const { chunk, parts } of deps.chunks.list(name, cursor)) {
      for (const { output } of parts)
        if (output)
          found.push({ chunk: chunk.id, ...output, url: (await deps.jobFiles.link(output.key)).url });
      seen += 1;
      if (seen === pageSize) return { status: 200, body: { results: found, next: chunk.id } };
    }
    return { status: 200, body: { results: found } };
  },
});

export const jobFileRoutes = [files, failures, results];
