/** The API as tests ask it: by what `fetch` takes, with what it gives. */
import type { App, HttpRequest } from '#api/app.ts';

export interface Sent {
  readonly method?: string;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly body?: string;
}
/** Told by the gateway. */
type Told = Pick<HttpRequest, 'person' | 'requestId'>;

export async function ask(app: App, told: Told, path: string, sent: Sent = {}): Promise<Response> {
  const headers = new Headers(sent.headers);
  const [before = '', ...query] = path.split('?');
  const { status, ...answer } = await app({
    ...told,
    method: sent.method ?? 'GET',
    path: before,
    query: query.join('?'),
    header: (name) => headers.get(name) ?? undefined,
    text: () => sent.body ?? '',
  });
  return new Response(answer.body, { status, headers: answer.headers });
}
