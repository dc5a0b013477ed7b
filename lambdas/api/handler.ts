/** Entry of the API's function, behind an HTTP API with a JWT authorizer. */
import { handle } from 'hono/aws-lambda';
import * as z from 'zod';
import { Table } from '#adapters/aws/table.ts';
import { makeApp } from '#api/app.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { Env } from './env.ts';
import { personOf } from './person.ts';

const env = readEnv(Env);
const app = makeApp(
  { store: new Table(env.TABLE_NAME), config: readConfig(), clock: systemClock },
  (bindings) => personOf(z.object({ event: z.unknown() }).parse(bindings).event),
);

export const handler = handle(app);
