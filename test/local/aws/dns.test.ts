/** The name server as clients see it: asked by the real `dig`, over UDP and TCP. */
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsServer, startDnsServer } from '#local/aws/dns.ts';
import type { Zone } from '#local/aws/dns-answer.ts';

const run = promisify(execFile);
const soa = 'ns-1.example. hostmaster.example. 7 7200 900 1209600 60';
const record = (name: string, type: string, values: string[], alias?: string) => ({
  name,
  type,
  ttl: 300,
  values,
  ...(alias === undefined ? {} : { alias }),
});
const zones: Zone[] = [
  {
    id: 'Z1',
    name: 'env.example.',
    private: false,
    records: [
      record('env.example.', 'SOA', [soa]),
      record('env.example.', 'NS', ['ns-1.example.', 'ns-2.example.']),
      record('env.example.', 'MX', ['10 mail.env.example.']),
      record('blue.data.env.example.', 'A', ['10.61.1.1', '10.61.1.2']),
      record('blue.data.env.example.', 'AAAA', ['fd00::1']),
      record('blue.data.env.example.', 'TXT', ['"heritage=getschwifty,owner=\\"me\\"" "second"']),
      record('www.env.example.', 'CNAME', ['blue.data.env.example.']),
      record('away.env.example.', 'CNAME', ['elsewhere.test.']),
      record('alias.env.example.', 'A', [], 'blue.data.env.example.'),
      record('\\052.apps.env.example.', 'A', ['10.61.1.9']),
      record('named.apps.env.example.', 'TXT', ['"here"']),
      record('loop.env.example.', 'CNAME', ['loop.env.example.']),
      record(
        'many.env.example.',
        'A',
        Array.from({ length: 120 }, (_, i) => `10.61.2.${i}`),
      ),
      record('_ssh._tcp.env.example.', 'SRV', ['0 5 22 blue.data.env.example.']),
    ],
  },
  {
    id: 'Z2',
    name: 'secret.example.',
    private: true,
    records: [record('secret.example.', 'A', ['10.0.0.1'])],
  },
  {
    id: 'Z3',
    name: 'sub.env.example.',
    private: false,
    records: [record('sub.env.example.', 'A', ['10.61.3.3'])],
  },
];

let server: DnsServer;
let failing = false;
const errors: unknown[] = [];

beforeAll(async () => {
  server = await startDnsServer({
    host: '127.0.0.1',
    port: 0,
    zones: async () => {
      if (failing) throw new Error('the emulator is away');
      return zones;
    },
    onError: (error) => errors.push(error),
  });
});
afterAll(() => server.close());

async function dig(...args: string[]): Promise<string> {
  const fixed = ['@127.0.0.1', '-p', String(server.port), '+time=2', '+tries=1', '+nocookie'];
  return (await run('dig', [...fixed, ...args])).stdout;
}
const lines = async (...args: string[]) => (await dig(...args, '+short')).trim().split('\n').sort();
const status = (output: string) => /status: (\w+)/.exec(output)?.[1];

describe('what is there', () => {
  it('answers A and AAAA, whatever the case', async () => {
    expect(await lines('BLUE.data.env.example', 'A')).toEqual(['10.61.1.1', '10.61.1.2']);
    expect(await lines('blue.data.env.example', 'AAAA')).toEqual(['fd00::1']);
  });

  it('answers TXT with its quotes and several strings', async () => {
    expect(await lines('blue.data.env.example', 'TXT')).toEqual([
      '"heritage=getschwifty,owner=\\"me\\"" "second"',
    ]);
  });

  it('answers the zone itself with authority', async () => {
    expect(await lines('env.example', 'NS')).toEqual(['ns-1.example.', 'ns-2.example.']);
    expect(await lines('env.example', 'SOA')).toEqual([soa]);
    expect(await lines('env.example', 'MX')).toEqual(['10 mail.env.example.']);
    expect(await lines('_ssh._tcp.env.example', 'SRV')).toEqual(['0 5 22 blue.data.env.example.']);
    expect(await dig('env.example', 'NS')).toMatch(/flags: qr aa rd;/);
  });

  it('follows a CNAME within the zones, and only names one that leads away', async () => {
    expect(await lines('www.env.example', 'A')).toEqual(['10.61.1.1', '10.61.1.2', 'blue.data.env.example.']);
    expect(await lines('away.env.example', 'A')).toEqual(['elsewhere.test.']);
    expect(await lines('www.env.example', 'CNAME')).toEqual(['blue.data.env.example.']);
  });

  it('answers an alias with the records of its target, under its own name', async () => {
    const output = await dig('alias.env.example', 'A', '+noall', '+answer');
    expect(output).toMatch(/^alias\.env\.example\.\s+300\s+IN\s+A\s+10\.61\.1\.1$/m);
  });

  it('prefers the most specific zone', async () => {
    expect(await lines('sub.env.example', 'A')).toEqual(['10.61.3.3']);
  });

  it('uses a wildcard for names that do not exist only', async () => {
    expect(await lines('any.apps.env.example', 'A')).toEqual(['10.61.1.9']);
    expect(await lines('deep.any.apps.env.example', 'A')).toEqual(['10.61.1.9']);
    const named = await dig('named.apps.env.example', 'A');
    expect(status(named)).toBe('NOERROR');
    expect(named).toMatch(/ANSWER: 0/);
  });

  it('ends where a CNAME leads to itself', async () => {
    expect(status(await dig('loop.env.example', 'A'))).toBe('NOERROR');
  });
});

describe('what is not there', () => {
  it('tells a name without such records from a name that is not there', async () => {
    const noData = await dig('www.env.example', 'SOA', '+norecurse');
    expect(status(noData)).toBe('NOERROR');
    const empty = await dig('data.env.example', 'A');
    expect([status(empty), /AUTHORITY: (\d)/.exec(empty)?.[1]]).toEqual(['NOERROR', '1']);
    const none = await dig('nobody.env.example', 'A');
    expect(status(none)).toBe('NXDOMAIN');
    // The negative answer may be kept for the SOA's minimum, not for its own 300 s.
    expect(none).toMatch(/^env\.example\.\s+60\s+IN\s+SOA/m);
  });

  it('refuses names outside its zones, and private zones', async () => {
    expect(status(await dig('example.com', 'A'))).toBe('REFUSED');
    expect(status(await dig('secret.example', 'A'))).toBe('REFUSED');
    expect(status(await dig('notenv.example', 'A'))).toBe('REFUSED');
  });

  it('answers SERVFAIL while the zones cannot be read, and goes on after', async () => {
    failing = true;
    expect(status(await dig('blue.data.env.example', 'A'))).toBe('SERVFAIL');
    failing = false;
    expect(errors).toHaveLength(1);
    expect(await lines('blue.data.env.example', 'AAAA')).toEqual(['fd00::1']);
  });
});

describe('size', () => {
  it('truncates over UDP, and dig gets the whole over TCP', async () => {
    expect(await dig('many.env.example', 'A', '+noedns', '+ignore')).toMatch(/flags: qr aa tc rd;/);
    expect(await lines('many.env.example', 'A')).toHaveLength(120);
    expect(await lines('many.env.example', 'A', '+tcp')).toHaveLength(120);
  });

  it('lets a client take more than 512 bytes by UDP where it says so', async () => {
    expect(await dig('www.env.example', 'A', '+bufsize=4096')).toMatch(/udp: 1232/);
  });

  it('survives what is no query, and half a message', async () => {
    const socket = connect(server.port, '127.0.0.1');
    await new Promise<void>((resolve) => {
      socket.on('close', () => resolve());
      socket.end(Buffer.from([0, 3, 1, 2, 3]));
    });
    expect(await lines('blue.data.env.example', 'AAAA')).toEqual(['fd00::1']);
  });
});
