/**
 * The pager of the local cloud: an HTTP endpoint that subscribes to the control plane's SNS topic as a paging
 * service does, keeps what it is told, and shows it at GET /pager.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import * as z from '#core/zod.ts';
import type { Handler, Routes } from '#local/services/http.ts';

const confirmationSchema = z.object({
  Type: z.literal('SubscriptionConfirmation'),
  TopicArn: z.string(),
  SubscribeURL: z.url(),
});
const notificationSchema = z.object({
  Type: z.literal('Notification'),
  MessageId: z.string(),
  TopicArn: z.string(),
  Subject: z.nullish(z.string()),
  Message: z.string(),
  Timestamp: z.string(),
});
const bodySchema = z.discriminatedUnion('Type', [confirmationSchema, notificationSchema]);

const pageSchema = z.object({
  id: z.string(),
  topic: z.string(),
  subject: z.nullable(z.string()),
  message: z.string(),
  sentAt: z.string(),
  receivedAt: z.string(),
});
type Page = z.infer<typeof pageSchema>;

interface PagerDeps {
  /** Pages are appended to it, one JSON object a line, and read from it at the start. */
  readonly file: string;
  /** `host:port` of the emulator: no other address is ever visited to confirm a subscription. */
  readonly emulatorHost: string;
  readonly now?: () => Date;
  readonly visit?: (url: string) => Promise<Response>;
}

export function pagerRoutes({
  file,
  emulatorHost,
  now = () => new Date(),
  visit = fetch,
}: PagerDeps): Routes {
  const pages = new Map(readPages(file).map((page) => [page.id, page]));

  const confirm = async (url: string): Promise<Response> => {
    if (new URL(url).host !== emulatorHost)
      return problem(403, `${new URL(url).host} is not the local cloud's own address: not visited`);
    const response = await visit(url);
    return response.ok
      ? Response.json({ confirmed: true })
      : problem(502, `the confirmation got ${response.status}`);
  };

  const receive: Handler = async (request) => {
    const body = bodySchema.safeParse(parseJson(await request.text()));
    if (!body.success) return problem(400, `not a message of SNS: ${z.prettifyError(body.error)}`);
    if (body.data.Type === 'SubscriptionConfirmation') return confirm(body.data.SubscribeURL);
    const { MessageId: id, TopicArn: topic, Subject, Message: message, Timestamp: sentAt } = body.data;
    // SNS delivers at least once.
    if (!pages.has(id)) {
      const page: Page = {
        id,
        topic,
        subject: Subject ?? null,
        message,
        sentAt,
        receivedAt: now().toISOString(),
      };
      appendFileSync(file, `${JSON.stringify(page)}\n`);
      pages.set(id, page);
    }
    return Response.json({ received: id });
  };

  return {
    'POST /pager': receive,
    'GET /pager': async () => Response.json([...pages.values()]),
  };
}

function readPages(file: string): Page[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      // The last line may have been cut by a crash.
      const page = pageSchema.safeParse(parseJson(line));
      return page.success ? [page.data] : [];
    });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const problem = (status: number, error: string): Response => Response.json({ error }, { status });
