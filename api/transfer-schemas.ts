/** Transfers of environments to other teams, as they are asked for. */
import { ClusterName, EnvironmentName, TeamName } from '#core/names.ts';
import * as z from '#core/zod.ts';
import { pageQuery } from './paging.ts';

/** `/teams/{team}/transfers/{from}/{name}`: what is offered to the team, by the team and the name that it has now. */
export const TransferPath = z.object({ team: TeamName, from: TeamName, name: EnvironmentName });
/** Of a list of them, by the id of what is offered. */
export const TransfersQuery = pageQuery(
  z.string().check(z.regex(/^[a-z0-9-]{1,24}\/[a-z0-9-]{1,24}$/, 'the `next` of an earlier page')),
);
export const OfferEnvironment = z.strictObject({ to: TeamName });
/** Without it the cluster that it is in now. */
export const AcceptEnvironment = z.strictObject({ cluster: z.optional(ClusterName) });
