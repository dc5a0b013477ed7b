/** The name server of the local cloud: answers by UDP and TCP from the emulator's hosted zones, and for nothing else. */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import {
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  type OptAnswer,
  type Packet,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { type Reply, type ResponseCode, reply, type Zone } from '#local/aws/dns-answer.ts';

export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Options {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly zones: () => Promise<readonly Zone[]>;
  readonly onError?: (error: unknown) => void;
}

const RCODES: Record<ResponseCode, number> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
};
/** Of these bits of the flags, all are 0 in a plain query. */
const OPCODE = 0x7800;
const PLAIN_UDP = 512;
/** Without fragments on any network (DNS flag day 2020). */
const LARGEST_UDP = 1232;
const IDLE_MS = 10_000;

export async function startDnsServer(options: Options): Promise<DnsServer> {
  const onError = options.onError ?? ((error) => console.error(error));
  const respond = (query: Buffer, overUdp: boolean): Promise<Buffer | undefined> =>
    answered(query, overUdp, options.zones, onError);
  const tcp = createServer((socket) => serve(socket, respond));
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject).listen(options.port, options.host, resolve);
  });
  const address = tcp.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const udp = createSocket('udp4');
  udp.on('message', (query, peer) => {
    void respond(query, true).then((answer) => answer && udp.send(answer, peer.port, peer.address));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject).bind(port, options.host, resolve);
    });
  } catch (error) {
    tcp.close();
    throw error;
  }
  udp.on('error', onError);
  tcp.on('error', onError);
  const open = new Set<Socket>();
  tcp.on('connection', (socket) => open.add(socket.once('close', () => open.delete(socket))));
  return {
    port,
    async close() {
      for (const socket of open) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ]);
    },
  };
}

/** Nothing for what is no query at all. */
async function answered(
  message: Buffer,
  overUdp: boolean,
  zones: Options['zones'],
  onError: (error: unknown) => void,
): Promise<Buffer | undefined> {
  let query: DecodedPacket;
  try {
    query = decode(message);
  } catch {
    return undefined;
  }
  if (query.type !== 'query') return undefined;
  const result = await decided(query, zones, onError);
  const whole = encoded(query, result, 0);
  const limit = overUdp ? udpLimit(query) : Number.POSITIVE_INFINITY;
  if (whole.length <= limit) return whole;
  return encoded(query, { ...result, answers: [], authorities: [] }, TRUNCATED_RESPONSE);
}

async function decided(
  query: DecodedPacket,
  zones: Options['zones'],
  onError: (error: unknown) => void,
): Promise<Reply> {
  const nothing = { answers: [], authorities: [] };
  const [question, ...others] = query.questions ?? [];
  if (((query.flags ?? 0) & OPCODE) !== 0) return { rcode: 'NOTIMP', ...nothing };
  if (question === undefined || others.length > 0) return { rcode: 'FORMERR', ...nothing };
  try {
    return reply(await zones(), question);
  } catch (error) {
    onError(error);
    return { rcode: 'SERVFAIL', ...nothing };
  }
}

function encoded(query: DecodedPacket, result: Reply, extraFlags: number): Buffer {
  const authoritative = result.rcode === 'NOERROR' || result.rcode === 'NXDOMAIN' ? AUTHORITATIVE_ANSWER : 0;
  const packet: Packet = {
    type: 'response',
    ...(query.id === undefined ? {} : { id: query.id }),
    flags: ((query.flags ?? 0) & RECURSION_DESIRED) | authoritative | extraFlags | RCODES[result.rcode],
    questions: query.questions ?? [],
    answers: [...result.answers],
    authorities: [...result.authorities],
    additionals: payloadSize(query) === undefined ? [] : [extension()],
  };
  return encode(packet);
}

const extension = (): OptAnswer => ({
  type: 'OPT',
  name: '.',
  udpPayloadSize: LARGEST_UDP,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
});

function payloadSize(query: DecodedPacket): number | undefined {
  for (const record of query.additionals ?? []) if (record.type === 'OPT') return record.udpPayloadSize;
  return undefined;
}

const udpLimit = (query: DecodedPacket): number =>
  Math.min(Math.max(payloadSize(query) ?? PLAIN_UDP, PLAIN_UDP), LARGEST_UDP);

/** Over TCP each message follows its length; a client may send several. */
function serve(
  socket: Socket,
  respond: (query: Buffer, overUdp: boolean) => Promise<Buffer | undefined>,
): void {
  let rest = Buffer.alloc(0);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  // A client that hangs up takes only its own answer away.
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      const query = rest.subarray(2, end);
      rest = rest.subarray(end);
      void respond(query, false).then((answer) => {
        if (answer === undefined) socket.destroy();
        else socket.write(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 0xff]), answer]));
      });
    }
  });
}
