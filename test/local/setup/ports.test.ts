import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePort, freePrefix, prefixesIn } from '#local/setup/ports.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const listen = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    servers.push(server);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });

test('a port in use is replaced, a free one is kept', async () => {
  const used = await listen(0);
  const replaced = await freePort('127.0.0.1', used);
  expect(replaced).toBeGreaterThan(used);
  expect(await freePort('127.0.0.1', replaced)).toBe(replaced);
});

test('a port that was given to another part is not given twice', async () => {
  const used = await listen(0);
  const first = await freePort('127.0.0.1', used);
  expect(await freePort('127.0.0.1', used, new Set([first]))).toBeGreaterThan(first);
});

test('an address that is not of this machine is told, not skipped', async () => {
  await expect(freePort('192.0.2.1', 20_000)).rejects.toThrow(/192\.0\.2\.1:20000/);
});

test('a subnet in use is replaced, going round', () => {
  expect(freePrefix('10.70', new Set())).toBe('10.70');
  expect(freePrefix('10.70', new Set(['10.70', '10.71']))).toBe('10.72');
  expect(freePrefix('10.239', new Set(['10.239']))).toBe('10.60');
});

test('what routes and addresses occupy', () => {
  expect(prefixesIn('10.61.0.0/24 dev gs1h\n192.168.1.0/24 dev eth0\n10.99.3.4')).toEqual(
    new Set(['10.61', '10.99']),
  );
  expect(prefixesIn('10.64.0.0/14 via 10.1.0.1')).toEqual(
    new Set(['10.64', '10.65', '10.66', '10.67', '10.1']),
  );
  expect(prefixesIn('10.0.0.0/8 via 172.16.0.1').size).toBe(256);
});
