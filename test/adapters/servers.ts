/** Servers of tests: on 127.0.0.1 where nothing else is said, at a port that the system chooses. */
import type { RequestListener, Server } from 'node:http';
import { createServer, type Server as TlsServer } from 'node:https';
import { certificate } from './certificate.ts';

export async function listening(server: Server | TlsServer, host = '127.0.0.1') {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port: address.port, close };
}

/** By HTTPS, with a certificate that nobody vouches for but itself. */
export async function secureServer(listener: RequestListener) {
  const pair = certificate();
  const { port, close } = await listening(createServer(pair, listener));
  return { endpoint: `https://127.0.0.1:${port}`, ca: pair.cert.toString('base64'), close };
}
