/**
 * Public SSH keys as people give them: `ssh-ed25519 AAAA… laptop`. A key is taken only where every byte of it is understood,
 * and what is kept is written anew from those bytes, so that no option and no second line ever reaches an SSH server.
 * Sources: sshd(8), "AUTHORIZED_KEYS FILE FORMAT"; RFC 4253 (6.6), RFC 5656 (3.1), RFC 8709 (4); OpenSSH's PROTOCOL.u2f.
 */
import * as z from './zod.ts';

export interface PublicKey {
  readonly type: KeyType;
  /** Base64, as it stands in the line. */
  readonly blob: string;
  /** What stands behind the key: mostly where it lives. */
  readonly comment: string;
}

/** By name; DSA is not among them, nor are certificates: those are signed by whom nobody here knows. */
const readers = {
  'ssh-ed25519': (parts: Parts) => ed25519(parts),
  'sk-ssh-ed25519@openssh.com': (parts: Parts) => ed25519(parts) ?? application(parts),
  'ecdsa-sha2-nistp256': (parts: Parts) => ecdsa(parts, 'nistp256'),
  'ecdsa-sha2-nistp384': (parts: Parts) => ecdsa(parts, 'nistp384'),
  'ecdsa-sha2-nistp521': (parts: Parts) => ecdsa(parts, 'nistp521'),
  'sk-ecdsa-sha2-nistp256@openssh.com': (parts: Parts) => ecdsa(parts, 'nistp256') ?? application(parts),
  'ssh-rsa': (parts: Parts) => rsa(parts),
} satisfies Readonly<Record<string, (parts: Parts) => string | undefined>>;
export type KeyType = keyof typeof readers;
export const keyTypes = Object.keys(readers).filter(isKeyType);

function isKeyType(name: string): name is KeyType {
  return Object.hasOwn(readers, name);
}

/** OpenSSH takes no larger RSA key; its line has about 2,800 characters. */
const maxRsaBits = 16_384;
const minRsaBits = 3072;
const maxLine = 4096;

/** A line that is a key, or the first reason why it is none. */
export const PublicKeyLine = z.pipe(
  z.string().check(z.maxLength(maxLine)),
  z.transform((line, payload): PublicKey => {
    const read = readKey(line.trim());
    if (typeof read !== 'string') return read;
    payload.issues.push({ code: 'custom', message: read, input: line });
    return z.NEVER;
  }),
);

function readKey(line: string): PublicKey | string {
  if (/PRIVATE KEY/.test(line))
    return 'this is a private key: keep it to yourself, and send the line in the file that ends in .pub';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(line)) return 'a key is one line, without control characters';
  const [type = '', blob = '', ...rest] = line.split(/ +/);
  if (!isKeyType(type)) return unknownType(type);
  const bytes = Buffer.from(blob, 'base64');
  if (blob === '' || bytes.toString('base64') !== blob) return 'the part after the type is not base64';
  const why = whyNoKey(type, bytes);
  if (why !== undefined) return why;
  return { type, blob, comment: rest.join(' ').slice(0, 100) };
}

const unknownType = (type: string): string =>
  /^ssh-dss/.test(type)
    ? 'DSA keys are too weak: make one with ssh-keygen -t ed25519'
    : /-cert-v\d+@openssh\.com$/.test(type)
      ? 'certificates are not taken: send the key that it was made for'
      : `a key begins with its type, and no option may stand before it; the types are ${keyTypes.join(', ')}`;

function whyNoKey(type: KeyType, bytes: Buffer): string | undefined {
  const parts = new Parts(bytes);
  const named = parts.take()?.toString('latin1');
  if (named !== type) return `its bytes are those of ${named ?? 'nothing'}, not of ${type}`;
  return readers[type](parts) ?? (parts.left > 0 ? 'more bytes follow its end' : undefined);
}

/** Strings of RFC 4251, one after the other: four bytes of length, then as many. */
class Parts {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get left(): number {
    return this.#bytes.length - this.#at;
  }
  take(): Buffer | undefined {
    if (this.left < 4) return undefined;
    const length = this.#bytes.readUInt32BE(this.#at);
    if (this.left < 4 + length) return undefined;
    const from = this.#at + 4;
    this.#at = from + length;
    return this.#bytes.subarray(from, this.#at);
  }
}

const cut = 'it is cut short';

function ed25519(parts: Parts): string | undefined {
  const key = parts.take();
  if (key === undefined) return cut;
  return key.length === 32 ? undefined : `an Ed25519 key has 32 bytes, this one ${key.length}`;
}

/** What a security key calls the place that it signs for. */
function application(parts: Parts): string | undefined {
  const name = parts.take()?.toString('latin1');
  if (name === undefined) return cut;
  return /^ssh:[\x20-\x7e]*$/.test(name) ? undefined : 'a security key for SSH has an application ssh:…';
}

/** y² = x³ − 3x + b over the integers modulo p (SP 800-186, 3.2.1). */
const curves = {
  nistp256: {
    bytes: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  nistp384: {
    bytes: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  nistp521: {
    bytes: 66,
    p: 2n ** 521n - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
} as const;

function ecdsa(parts: Parts, curve: keyof typeof curves): string | undefined {
  const [named, point] = [parts.take()?.toString('latin1'), parts.take()];
  if (named === undefined || point === undefined) return cut;
  const { bytes, p, b } = curves[curve];
  if (named !== curve) return `its curve is ${named}, not ${curve}`;
  if (point.length !== 1 + 2 * bytes || point[0] !== 4) return `its point is none of ${curve}, uncompressed`;
  const [x, y] = [number(point.subarray(1, 1 + bytes)), number(point.subarray(1 + bytes))];
  const isOn = x < p && y < p && (y * y - (x * x * x - 3n * x + b)) % p === 0n;
  return isOn ? undefined : `its point is not on ${curve}`;
}

const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);

function rsa(parts: Parts): string | undefined {
  const [exponent, modulus] = [positive(parts.take()), positive(parts.take())];
  if (exponent === undefined || modulus === undefined) return `${cut}, or its numbers are not positive`;
  const bits = modulus.toString(2).length;
  if (bits < minRsaBits || bits > maxRsaBits)
    return `RSA keys have ${minRsaBits} to ${maxRsaBits} bits, this one ${bits}: make one with ssh-keygen -t ed25519`;
  // F4 and above, as FIPS 186-5 has it: a smaller one forgives no mistake in a signature's padding.
  if (exponent < 65_537n || exponent % 2n === 0n || exponent >= 1n << 256n)
    return 'its exponent is not an odd number from 65537 on';
  return modulus % 2n === 0n ? 'its modulus is even' : undefined;
}

/** An mpint in its only form: no byte in front that need not be there. */
function positive(bytes: Buffer | undefined): bigint | undefined {
  const [first, second] = bytes ?? [];
  if (bytes === undefined || first === undefined || first >= 128) return undefined;
  if (first === 0 && (second === undefined || second < 128)) return undefined;
  return number(bytes);
}
