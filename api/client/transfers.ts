/** The part of the typed client that is of transfers to other teams. An environment is named `team/name`, as its own team calls it. */
import { EnvironmentAnswer } from '../answers.ts';
import { TransferAnswer, TransfersAnswer } from '../transfer-answers.ts';
import type { Transport } from './transport.ts';

export type { TransferAnswer, TransfersAnswer } from '../transfer-answers.ts';

/** Sends what is asked of an environment as it was read, and again where somebody else wrote in between. */
type AsRead = <T>(id: string, send: (version: number) => Promise<T>) => Promise<T>;

export class TransfersClient {
  readonly #call: Transport['call'];
  readonly #pages: Transport['pages'];
  readonly #asRead: AsRead;

  constructor({ call, pages }: Transport, asRead: AsRead) {
    this.#call = call;
    this.#pages = pages;
    this.#asRead = asRead;
  }

  /** To whom it was offered last, as its own team sees it. */
  get(id: string): Promise<TransferAnswer> {
    return this.#call(TransferAnswer, 'transfer', 'GET', ownPath(id));
  }

  offer(id: string, to: string): Promise<TransferAnswer> {
    return this.#asRead(id, (version) =>
      this.#call(TransferAnswer, 'transfer', 'POST', ownPath(id), { to }, match(version)),
    );
  }

  /** @param version that was read: what is offered anew is another offer. */
  withdraw(id: string, version: number): Promise<TransferAnswer> {
    return this.#call(TransferAnswer, 'transfer', 'DELETE', ownPath(id), undefined, match(version));
  }

  /** What other teams offer to a team: all pages of it. */
  async offeredTo(team: string): Promise<TransfersAnswer> {
    const pages = await this.#pages(TransfersAnswer, 'list of transfers', transfersPath(team));
    return { transfers: pages.flatMap(({ transfers }) => transfers) };
  }

  /** What is offered, as the other team sees it. */
  offered(team: string, id: string): Promise<TransferAnswer> {
    return this.#call(TransferAnswer, 'transfer', 'GET', theirPath(team, id));
  }

  accept(team: string, id: string, version: number, cluster?: string): Promise<EnvironmentAnswer> {
    const path = `${theirPath(team, id)}/acceptance`;
    const body = cluster === undefined ? {} : { cluster };
    return this.#call(EnvironmentAnswer, 'environment', 'POST', path, body, match(version));
  }

  refuse(team: string, id: string, version: number): Promise<TransferAnswer> {
    return this.#call(TransferAnswer, 'transfer', 'DELETE', theirPath(team, id), undefined, match(version));
  }
}

const match = (version: number) => ({ 'if-match': `"${version}"` });
const ownPath = (id: string): string => `/environments/${id}/transfer`;
const transfersPath = (team: string): string => `/teams/${encodeURIComponent(team)}/transfers`;
const theirPath = (team: string, id: string): string => `${transfersPath(team)}/${id}`;
