/** The part of the typed client that is of standing jobs. One is named `team/name`. */
import { parse } from '#core/errors.ts';
import type * as z from '#core/zod.ts';
import { StandingJobAnswer, StandingJobsAnswer } from '../standing-answers.ts';
import { CreateStandingJob } from '../standing-schemas.ts';
import type { Transport } from './transport.ts';

export type { StandingJobAnswer } from '../standing-answers.ts';
export type { CreateStandingJob } from '../standing-schemas.ts';

/** @throws what is wrong with it, field by field, before it is sent. */
export const parseStandingJob = (request: unknown, where: string): CreateStandingJob =>
  parse(CreateStandingJob, request, where);

export type StandingVerb = 'pause' | 'resume' | 'runs';

/** As it may be asked for: what is left out has a default. */
type Asked = z.input<typeof CreateStandingJob>;

export class StandingJobsClient {
  readonly #call: Transport['call'];
  readonly #pages: Transport['pages'];

  constructor({ call, pages }: Transport) {
    this.#call = call;
    this.#pages = pages;
  }

  create(asked: Asked): Promise<StandingJobAnswer> {
    return this.#call(StandingJobAnswer, 'standing job', 'POST', '/standing-jobs', asked);
  }

  get(id: string): Promise<StandingJobAnswer> {
    return this.#call(StandingJobAnswer, 'standing job', 'GET', `/standing-jobs/${id}`);
  }

  async list(team: string): Promise<StandingJobAnswer['standingJob'][]> {
    const path = `/teams/${encodeURIComponent(team)}/standing-jobs`;
    const pages = await this.#pages(StandingJobsAnswer, 'list of standing jobs', path);
    return pages.flatMap(({ standingJobs }) => standingJobs);
  }

  /** @param version that it was read with. */
  change(id: string, standing: Asked['standing'], version: number): Promise<StandingJobAnswer> {
    return this.#call(
      StandingJobAnswer,
      'standing job',
      'PUT',
      `/standing-jobs/${id}`,
      { standing },
      at(version),
    );
  }

  delete(id: string, version: number): Promise<StandingJobAnswer> {
    const path = `/standing-jobs/${id}`;
    return this.#call(StandingJobAnswer, 'standing job', 'DELETE', path, undefined, at(version));
  }

  say(id: string, verb: StandingVerb): Promise<StandingJobAnswer> {
    return this.#call(StandingJobAnswer, 'standing job', 'POST', `/standing-jobs/${id}/${verb}`);
  }
}

const at = (version: number) => ({ 'if-match': `"${version}"` });
