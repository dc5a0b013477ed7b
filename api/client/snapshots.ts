/** The part of the typed client that is of snapshots that a team keeps. */
import { SnapshotAnswer, SnapshotsAnswer } from '../snapshot-schemas.ts';
import type { Transport } from './transport.ts';

export type { SnapshotAnswer, SnapshotsAnswer } from '../snapshot-schemas.ts';

export class SnapshotsClient {
  readonly #call: Transport['call'];
  readonly #pages: Transport['pages'];

  constructor({ call, pages }: Transport) {
    this.#call = call;
    this.#pages = pages;
  }

  /** All pages of them. */
  async list(team: string): Promise<SnapshotsAnswer> {
    const pages = await this.#pages(SnapshotsAnswer, 'list of snapshots', pathOf(team));
    return { snapshots: pages.flatMap(({ snapshots }) => snapshots) };
  }

  delete(team: string, name: string): Promise<SnapshotAnswer> {
    const path = `${pathOf(team)}/${encodeURIComponent(name)}`;
    return this.#call(SnapshotAnswer, 'snapshot', 'DELETE', path);
  }
}

const pathOf = (team: string): string => `/teams/${encodeURIComponent(team)}/snapshots`;
