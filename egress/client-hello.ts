/**
 * Which server a TLS client asks for: the name in its first message. Source: RFC 8446, 4.1.2 (ClientHello) and 5.1 (records);
 * RFC 6066, 3 (server_name).
 */

export type Asked =
  | { readonly kind: 'more' }
  /** It is no ClientHello of TLS, or says no name. */
  | { readonly kind: 'none' }
  | { readonly kind: 'name'; readonly name: string };

const none: Asked = { kind: 'none' };
const handshake = 22;
const clientHello = 1;
const serverName = 0;
/** A ClientHello with a key of each kind has some 2 KB. */
const longest = 64 * 1024;

/** @param bytes all that came so far. */
export function askedServer(bytes: Buffer): Asked {
  const message = messageOf(bytes);
  if (message.kind !== 'message') return message;
  try {
    return nameIn(new Reader(message.body));
  } catch (error) {
    if (error instanceof RangeError) return none;
    throw error;
  }
}

/** The first handshake message, put together of its records. */
function messageOf(bytes: Buffer): Asked | { readonly kind: 'message'; readonly body: Buffer } {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const whole = Buffer.concat(parts);
    const length = whole.length < 4 ? undefined : whole.readUIntBE(1, 3);
    if (whole.length > 0 && whole[0] !== clientHello) return none;
    if (length !== undefined && length > longest) return none;
    if (length !== undefined && whole.length >= 4 + length)
      return { kind: 'message', body: whole.subarray(4, 4 + length) };
    if (bytes.length > at && bytes[at] !== handshake) return none;
    if (bytes.length < at + 5) return { kind: 'more' };
    const size = bytes.readUInt16BE(at + 3);
    if (size === 0) return none;
    if (bytes.length < at + 5 + size) return bytes.length > longest ? none : { kind: 'more' };
    parts.push(bytes.subarray(at + 5, at + 5 + size));
    at += 5 + size;
  }
}

/** Throws a RangeError behind the end. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }
  number(size: 1 | 2): number {
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }
  take(size: number): Buffer {
    if (this.#at + size > this.#bytes.length) throw new RangeError('behind the end');
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }
}

function nameIn(hello: Reader): Asked {
  // Version and random.
  hello.take(2 + 32);
  // Session, cipher suites, compression.
  hello.take(hello.number(1));
  hello.take(hello.number(2));
  hello.take(hello.number(1));
  const extensions = new Reader(hello.take(hello.number(2)));
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const body = extensions.take(extensions.number(2));
    if (type === serverName) return nameOf(new Reader(body));
  }
  return none;
}

function nameOf(extension: Reader): Asked {
  const list = new Reader(extension.take(extension.number(2)));
  const kind = list.number(1);
  const name = list.take(list.number(2)).toString('latin1');
  return kind === 0 && name !== '' ? { kind: 'name', name: name.toLowerCase() } : none;
}
