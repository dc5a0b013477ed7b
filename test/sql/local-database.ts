/** The database that each team of a local cloud has (local/setup/synth.ts), up for as long as somebody needs it, with its secret. */
import type { Access } from '#local/demo/access.ts';
import { localDatabase } from '#local/setup/synth.ts';
import { secretOf } from '../adapters/secret.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

export async function startLocalDatabase(
  { sdk, cloud }: Pick<Access, 'sdk' | 'cloud'>,
  settings: Readonly<Record<string, string>> = {},
): Promise<Pick<PostgresServer, 'place' | 'stop'>> {
  const { hostname: host } = new URL(cloud.aws);
  const { place, secret, stop } = await startPostgres({ host, port: localDatabase.port }, settings);
  const kept = await secretOf(sdk, localDatabase.secret, secret);
  return {
    place,
    stop: async () => {
      await kept.remove();
      await stop();
    },
  };
}
