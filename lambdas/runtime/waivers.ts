/** The waivers that count for a team: those of the configuration, and those that people made by the API. */
import type { Config } from '#core/config.ts';
import type { TeamName } from '#core/names.ts';
import type { Waiver } from '#core/policy.ts';
import type { Waivers } from '#core/ports.ts';
import { waiversInForce } from '#core/waiver.ts';

export interface WaiverDeps {
  readonly waivers: Pick<Waivers, 'list'>;
  readonly config: Pick<Config, 'waivers'>;
}

export const waiversOf = async (
  { waivers, config }: WaiverDeps,
  team: TeamName,
): Promise<readonly Waiver[]> => waiversInForce(config.waivers, await waivers.list(team));
