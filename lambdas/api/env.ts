/** Environment variables of the API's function; lib/ must give them, the function refuses to start without them. */
import * as z from 'zod';

export const Env = z.object({ TABLE_NAME: z.string().min(1) });
