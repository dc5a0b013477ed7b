/** What the servers of benches have in common: they take uploads as S3 does and keep nothing, and live as long as whoever started them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

async function taken(request: IncomingMessage, response: ServerResponse): Promise<void> {
  for await (const _ of request);
  const url = new URL(request.url ?? '/', 'http://server');
  const xml = url.searchParams.has('uploads')
    ? '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>'
    : '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>';
  response.writeHead(200, { etag: '"e"' }).end(request.method === 'POST' ? xml : undefined);
}

/** The first line that it prints says where it is. */
export function serve(get: (request: IncomingMessage, response: ServerResponse) => Promise<void>): void {
  const server = createServer((request, response) => {
    void (request.method === 'GET' ? get(request, response) : taken(request, response));
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${port}` })}\n`);
  });
  process.stdin.resume().on('end', () => process.exit());
}
