/** What a member of a team asks of the API, as a client does it: again, with the same key, until there is an answer. */
import { environmentId, type TeamName } from '#core/names.ts';
import type { Person } from '#core/roles.ts';
import type { FaultKind } from '../faults.ts';
import type { Around } from './around.ts';

const tries = 8;

export interface Call {
  readonly path: string;
  readonly body?: unknown;
  readonly method?: 'PUT' | 'DELETE';
  /** Of what is changed, as it is when it is asked: read again where somebody else wrote in between. */
  readonly version?: () => Promise<number | undefined>;
}

export const memberOf = (team: string): Person => ({ name: `${team}-member`, groups: [`${team}-members`] });

export class Asking {
  readonly #cloud: Around;
  readonly #what: string;
  #asked = 0;

  /** @param what its keys begin with. */
  constructor(cloud: Around, what: string) {
    this.#cloud = cloud;
    this.#what = what;
  }

  /** The next number of its own. */
  number = (): number => ++this.#asked;

  async ask(team: TeamName, kind: FaultKind, call: Call): Promise<void> {
    const { faults, timeline, front } = this.#cloud;
    const key = `${this.#what}-${this.number()}`;
    const once = async (tried: number): Promise<void> => {
      const version = await call.version?.();
      if (call.version !== undefined && version === undefined) return;
      const headers = {
        'idempotency-key': key,
        ...(version !== undefined && { 'if-match': `"${version}"` }),
      };
      const status = await front.api(memberOf(team), call.path, call.body, headers, call.method);
      if (status !== undefined && status < 300) faults.count(kind);
      const isWorthATry = status === undefined || status === 412 || status >= 500;
      if (isWorthATry && tried + 1 < tries) timeline.in(10, `${kind}: again`, () => once(tried + 1));
    };
    await once(0);
  }
}

export const pathOf = (kind: 'jobs' | 'standing-jobs', key: Parameters<typeof environmentId>[0]): string =>
  `/${kind}/${environmentId(key)}`;
