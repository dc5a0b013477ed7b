/** Whom a TLS client asks for: of what Node's own client says, in whatever pieces it comes, and of anything else. */
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { askedServer } from '../../egress/client-hello.ts';

async function helloFor(servername: string, minVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<Buffer> {
  let took: (bytes: Buffer) => void = () => undefined;
  const taken = new Promise<Buffer>((resolve) => {
    took = resolve;
  });
  const server = createServer((socket) => socket.on('error', () => undefined).once('data', took));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = connect({
    host: '127.0.0.1',
    port: address.port,
    minVersion,
    maxVersion: minVersion,
    rejectUnauthorized: false,
    ...(servername === '' ? {} : { servername }),
  }).on('error', () => undefined);
  const bytes = await taken;
  client.destroy();
  server.close();
  return bytes;
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s says the name, once it came whole', async (version) => {
  const hello = await helloFor('Files.PythonHosted.org', version);
  expect(askedServer(hello)).toEqual({ kind: 'name', name: 'files.pythonhosted.org' });
  for (let length = 0; length < hello.length; length++)
    expect(askedServer(hello.subarray(0, length)), String(length)).toEqual({ kind: 'more' });
  expect(askedServer(Buffer.concat([hello, Buffer.from('what follows')]))).toMatchObject({ kind: 'name' });
});

test('a message in several records is one', async () => {
  const hello = await helloFor('pypi.org', 'TLSv1.3');
  const body = hello.subarray(5);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: body.length - 1 }), (at) => {
      const records = [body.subarray(0, at), body.subarray(at)].map((part) => {
        const head = Buffer.from([22, 3, 1, 0, 0]);
        head.writeUInt16BE(part.length, 3);
        return Buffer.concat([head, part]);
      });
      expect(askedServer(Buffer.concat(records))).toEqual({ kind: 'name', name: 'pypi.org' });
    }),
  );
});

test('a client that says no name says none', async () => {
  expect(askedServer(await helloFor('', 'TLSv1.3'))).toEqual({ kind: 'none' });
});

test.each(['SSH-2.0-OpenSSH_9.2\r\n', 'GET / HTTP/1.1\r\n\r\n', '\u0000\u0000\u0000\u0000\u0000\u0000'])(
  'what is no TLS is none: %j',
  (text) => expect(askedServer(Buffer.from(text))).toEqual({ kind: 'none' }),
);

test('whatever comes it is said to be something, and no name but one of the bytes', async () => {
  const hello = await helloFor('pypi.org', 'TLSv1.3');
  const broken = fc
    .array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(hello);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  const bytes = fc.oneof(broken, fc.uint8Array({ maxLength: 300 }).map(Buffer.from));
  fc.assert(
    fc.property(bytes, (given) => {
      const asked = askedServer(given);
      if (asked.kind === 'name') expect(given.toString('latin1').toLowerCase()).toContain(asked.name);
    }),
    { numRuns: 2000 },
  );
});
