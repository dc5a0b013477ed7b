/** Entry of the pager's function. */
import { toDeadLetters } from '#adapters/aws/dead-letters.ts';
import { SnsPager } from '#adapters/aws/messages.ts';
import { readEnv } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { Env } from './env.ts';
import { tellPager } from './pager.ts';

const env = readEnv(Env);

export const handler = queueHandler(tellPager(new SnsPager(env.TOPIC_ARN)), toDeadLetters(env.DLQ_URL));
