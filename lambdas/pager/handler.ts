/** Entry of the pager's function. */
import { inboxOf } from '#adapters/aws/inbox.ts';
import { SnsPager } from '#adapters/aws/messages.ts';
import { NoticeItems } from '#adapters/aws/notices.ts';
import { Table } from '#adapters/aws/table.ts';
import { readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { Env } from './env.ts';
import { tellPager } from './pager.ts';

const env = readEnv(Env);

const table = new Table(env.TABLE_NAME);

export const handler = queueHandler(
  tellPager({
    store: table,
    notices: new NoticeItems(env.TABLE_NAME),
    pager: new SnsPager(env.TOPIC_ARN),
    clock: systemClock,
  }),
  { stage: 'pager', ...inboxOf(env.DLQ_URL), failures: table },
);
