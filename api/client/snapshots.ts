/** The part of the typed client that is of snapshots that a team keeps. */
import { SnapshotAnswer, SnapshotsAnswer } from '../snapshot-schemas.ts';
import type { Transport } from './transport.ts';

export type { SnapshotAnswer, SnapshotsAnswer } from '../snapshot-schemas.ts';

export class SnapshotsClient {
  readonly #call: Transport['call'];

  constructor({ call }: Transport) {
    this.#call = call;
  }

  list(team: string): Promise<SnapshotsAnswer> {
    return this.#call(SnapshotsAnswer, 'list of snapshots', 'GET', pathOf(team));
  }

  delete(team: string, name: string): Promise<SnapshotAnswer> {
    const path = `${pathOf(team)}/${encodeURIComponent(name)}`;
    return this.#call(SnapshotAnswer, 'snapshot', 'DELETE', path);
  }
}

const pathOf = (team: string): string => `/teams/${encodeURIComponent(team)}/snapshots`;
