/** The databases that each team of a local cloud has (local/setup/synth.ts), up for as long as somebody needs them, with their secrets. */
import type { Access } from '#local/demo/access.ts';
import { localDatabases } from '#local/setup/synth.ts';
import { secretOf } from '../adapters/secret.ts';
import { startMariadb } from './mariadb-server.ts';
import { startPostgres } from './postgres-server.ts';

type Settings = Readonly<Record<string, string>>;
type Cloud = Pick<Access, 'sdk' | 'cloud'>;
interface Server<Place> {
  readonly place: Place;
  readonly secret: object | undefined;
  stop(): Promise<void>;
}
type Start<Place> = (
  listen: { readonly host: string; readonly port: number },
  settings: Settings,
) => Promise<Server<Place>>;

export const startLocalPostgres = (cloud: Cloud, settings: Settings = {}) =>
  started(startPostgres, localDatabases.postgres, cloud, settings);

export const startLocalMariadb = (cloud: Cloud, settings: Settings = {}) =>
  started(startMariadb, localDatabases.mariadb, cloud, settings);

async function started<Place>(
  start: Start<Place>,
  { port, secret: name }: (typeof localDatabases)[keyof typeof localDatabases],
  { sdk, cloud }: Cloud,
  settings: Settings,
): Promise<Pick<Server<Place>, 'place' | 'stop'>> {
  const { hostname: host } = new URL(cloud.aws);
  const { place, secret, stop } = await start({ host, port }, settings);
  const kept = await secretOf(sdk, name, secret);
  return {
    place,
    stop: async () => {
      await kept.remove();
      await stop();
    },
  };
}
