/** The part of the typed client that is of transfers to other teams. An environment is named `team/name`, as its own team calls it. */
import type { EnvironmentAnswer } from '../answers.ts';
import { TransferAnswer, TransfersAnswer } from '../transfer-answers.ts';
import type { Transport } from './transport.ts';

export type { TransferAnswer, TransfersAnswer } from '../transfer-answers.ts';

/** What the whole client does for it: an environment is offered as it was read, and accepting answers with another one. */
interface Environments {
  readonly version: (id: string) => Promise<number>;
  readonly environment: (
    method: string,
    path: string,
    body: object,
    version: number,
  ) => Promise<EnvironmentAnswer>;
}

export class TransfersClient {
  readonly #call: Transport['call'];
  readonly #environments: Environments;

  constructor({ call }: Transport, environments: Environments) {
    this.#call = call;
    this.#environments = environments;
  }

  /** To whom it was offered last, as its own team sees it. */
  get(id: string): Promise<TransferAnswer> {
    return this.#call(TransferAnswer, 'transfer', 'GET', ownPath(id));
  }

  async offer(id: string, to: string): Promise<TransferAnswer> {
    const version = await this.#environments.version(id);
    return this.#call(TransferAnswer, 'transfer', 'POST', ownPath(id), { to }, match(version));
  }

  /** @param version that was read: what is offered anew is another offer. */
  withdraw(id: string, version: number): Promise<TransferAnswer> {
    return this.#call(TransferAnswer, 'transfer', 'DELETE', ownPath(id), undefined, match(version));
  }

  /** What other teams offer to a team. */
  offeredTo(team: string): Promise<TransfersAnswer> {
    return this.#call(TransfersAnswer, 'list of transfers', 'GET', transfersPath(team));
  }

  /** What is offered, as the other team sees it. */
  offered(team: string, id: string): Promise<TransferAnswer> {
    return this.#call(TransferAnswer, 'transfer', 'GET', theirPath(team, id));
  }

  accept(team: string, id: string, version: number, cluster?: string): Promise<EnvironmentAnswer> {
    const path = `${theirPath(team, id)}/acceptance`;
    return this.#environments.environment('POST', path, cluster === undefined ? {} : { cluster }, version);
  }

  refuse(team: string, id: string, version: number): Promise<TransferAnswer> {
    return this.#call(TransferAnswer, 'transfer', 'DELETE', theirPath(team, id), undefined, match(version));
  }
}

const match = (version: number) => ({ 'if-match': `"${version}"` });
const ownPath = (id: string): string => `/environments/${id}/transfer`;
const transfersPath = (team: string): string => `/teams/${encodeURIComponent(team)}/transfers`;
const theirPath = (team: string, id: string): string => `${transfersPath(team)}/${id}`;
