/** The part of the typed client that is of data jobs. A job is named `team/job-…`. */
import { parse } from '#core/errors.ts';
import type * as z from '#core/zod.ts';
import { FailuresAnswer, JobAnswer, JobFilesAnswer, JobsAnswer, ResultsAnswer } from '../job-answers.ts';
import { CreateJob } from '../job-schemas.ts';
import type { Transport } from './transport.ts';

export { DatasetObject, type ListedObject } from '#core/jobs/dataset.ts';
export { ManifestLine, PlanLine, type RowPlan } from '#core/jobs/job-files.ts';
export { inputText, readsRows, snapshotOf } from '#core/jobs/request.ts';
export { splitsOf } from '#core/jobs/splits.ts';
export type { KeyTuple } from '#core/jobs/sql/table.ts';
export { type RangeFault, verifyRanges } from '#core/jobs/sql/verify.ts';
export { type Fault, verify } from '#core/jobs/verify.ts';
export type {
  FailuresAnswer,
  JobAnswer,
  JobFilesAnswer,
  JobsAnswer,
  ResultsAnswer,
} from '../job-answers.ts';
export type { CreateJob } from '../job-schemas.ts';

/** @throws what is wrong with it, field by field, before it is sent. */
export const parseJob = (request: unknown, where: string): CreateJob => parse(CreateJob, request, where);

export type JobVerb = 'pause' | 'resume' | 'cancel';

export class JobsClient {
  readonly #call: Transport['call'];
  readonly #pages: Transport['pages'];

  constructor({ call, pages }: Transport) {
    this.#call = call;
    this.#pages = pages;
  }

  submit(job: z.input<typeof CreateJob>): Promise<JobAnswer> {
    return this.#call(JobAnswer, 'job', 'POST', '/jobs', job);
  }

  get(id: string): Promise<JobAnswer> {
    return this.#call(JobAnswer, 'job', 'GET', `/jobs/${id}`);
  }

  say(id: string, verb: JobVerb): Promise<JobAnswer> {
    return this.#call(JobAnswer, 'job', 'POST', `/jobs/${id}/${verb}`);
  }

  /** @param memoryMiB of each command from then on; as it was without. */
  retry(id: string, memoryMiB?: number): Promise<JobAnswer> {
    const body = memoryMiB === undefined ? {} : { memoryMiB };
    return this.#call(JobAnswer, 'job', 'POST', `/jobs/${id}/retry`, body);
  }

  /** The newest first: one page. */
  list(team: string): Promise<JobsAnswer> {
    return this.#call(JobsAnswer, 'list of jobs', 'GET', `/teams/${encodeURIComponent(team)}/jobs`);
  }

  files(id: string): Promise<JobFilesAnswer> {
    return this.#call(JobFilesAnswer, 'list of files', 'GET', `/jobs/${id}/files`);
  }

  async failures(id: string): Promise<FailuresAnswer['failures']> {
    const pages = await this.#pages(FailuresAnswer, 'list of failures', `/jobs/${id}/failures`);
    return pages.flatMap(({ failures }) => failures);
  }

  /** Page by page, for links hold some minutes alone. */
  async *results(id: string): AsyncGenerator<ResultsAnswer['results'][number]> {
    let cursor: string | undefined;
    do {
      const query = new URLSearchParams(cursor === undefined ? {} : { cursor });
      const page: ResultsAnswer = await this.#call(
        ResultsAnswer,
        'page of results',
        'GET',
        `/jobs/${id}/results?${query}`,
      );
      yield* page.results;
      cursor = page.next;
    } while (cursor !== undefined);
  }
}
