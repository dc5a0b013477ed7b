/** Which keys are taken, and that nothing but the key itself is: made by OpenSSH, byte by byte, and by chance. */
import { createECDH, randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { withFingerprint } from '#api/fingerprint.ts';
import { keyTypes, PublicKeyLine } from '#core/ssh-key.ts';
import { ed25519Line, lineOf, mpint, string } from './ssh-keys.ts';

const why = (line: string) => PublicKeyLine.safeParse(line).error?.issues[0]?.message;
const good = ed25519Line(randomBytes(32));
const blobOf = (line: string): string => line.split(' ')[1] ?? '';
const application = string('ssh:');
const curvePoint = (curve: string) => string(createECDH(curve).generateKeys());
const p256 = [string('nistp256'), curvePoint('prime256v1')];
const rsa = (e: bigint, n: bigint) => lineOf('ssh-rsa', mpint(e), mpint(n));
const odd = (bits: number) => (1n << BigInt(bits - 1)) + 1n;

describe('a key that is taken', () => {
  it.each([
    ['ssh-ed25519', good],
    ['ecdsa-sha2-nistp256', lineOf('ecdsa-sha2-nistp256', ...p256)],
    ['ecdsa-sha2-nistp384', lineOf('ecdsa-sha2-nistp384', string('nistp384'), curvePoint('secp384r1'))],
    ['ecdsa-sha2-nistp521', lineOf('ecdsa-sha2-nistp521', string('nistp521'), curvePoint('secp521r1'))],
    [
      'sk-ssh-ed25519@openssh.com',
      lineOf('sk-ssh-ed25519@openssh.com', string(randomBytes(32)), application),
    ],
    [
      'sk-ecdsa-sha2-nistp256@openssh.com',
      lineOf('sk-ecdsa-sha2-nistp256@openssh.com', ...p256, application),
    ],
    ['ssh-rsa', rsa(65_537n, odd(3072))],
  ])('%s', (type, line) => {
    expect(why(line)).toBeUndefined();
    expect(PublicKeyLine.parse(`${line} my  laptop\n`)).toMatchObject({
      type,
      blob: blobOf(line),
      comment: 'my laptop',
    });
  });

  test('the table above has every type', () => {
    expect(keyTypes).toHaveLength(7);
  });
});

/** Made by `ssh-keygen`, and by `ssh-keygen -l` of them. */
describe('as OpenSSH has it', () => {
  it.each([
    [
      'SHA256:I7V4D8x0Rhm6Tb/tqGQV1/O1AjHZM7m8hcsqH79x70c',
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINyKS8+5jvo5MdHV/qGHj5YfUa9/HVnNefS9yktfa4Xj anna@laptop',
    ],
    [
      'SHA256:CNekH+jhsUTA6FTpLj2j8ccQYb33INDkD3R3/MZ59g8',
      'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBB5KmXeItmwrJYL3QafrxxJQV5q1hxz7rRvO+/kWt0NK+u7ElQ6sSTbY3CAqc0/o5yX/LTZ6CpPpbRLzjRA0L0g= anna@laptop',
    ],
    [
      'SHA256:QdCKqHnh05jRP9BMkDn6IVdh6qHDbgWrY44WKJDcfVM',
      'ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBGyZICOW0mtogcsGpOxL50NQn5YnqCPS8YHGNbD+VbG278w0w5DeQR2W2QIJlYfTO2bfszYvRVLbhumpAb1nP/ZRO6yiSoZgVxmUH8PL1F5wV/i4PpOm6MNzIrQ1QIYoqA== anna@laptop',
    ],
    [
      'SHA256:/4ghg6My+W+umrCk+8XdN/ZsGi4PDTdlBAlp36TgJM4',
      'ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAFCdM/ZdN2CPRqCr/FLudWcrIRZnQtDY7awHK3aCMtM7S6nh06FxMcI+Ia5x9y2I2D7aD0XtDYwzV/QIlsxLtDBCQGkOencXnbEUVNWHy48dcO5z5UStkSk4M7lKb4XvLFR5WawRnkVGORzEODU97T/3LJzlbUxhAQRcJSpGRU4Q40x/A== anna@laptop',
    ],
    [
      'SHA256:d+tdTL+2r6txLIJtcmCNuPSj63Y8iYQ3gJ3lw7VxxXg',
      'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDsZbojAsN3a0wLtnhwcgLABAIZ6xhhQDvCyJ0OpwQlKmZVfLSXZGxguSmspPb+/WhAetsfeuUHmB9Ax+fry4iC5Fz8okhnA8xbKnCpqhHkOYq0fOwPOxrDH4swQ17SrZEcwpiBGh2FOcHBoXkGudmnvyaBUSkZLivKdvEODPq8xTfDnPzDtz8oSV1LAeEY1NZKdxHWLs1jbU0rrkGLUSp/dGzF+XwKwH6Fm+aV6+Y+Xe9tzwvMQMZHjU7o9ijk50NQYZ+JzGve6GDlxQ6ByOcxWensznAlq+KJeojLo/HuChitOMK/Lvo78hPKbQLRxIdef8glKN3OPQgYc+acJ3yBmvpB1YOYUYC7Fw4aTy4K9qZ/rnRR/JgbP9nnPfh4EebVjuYpYdrTKKzZ8/V0M+q05p/xBHxJ0B2+XRnZZ7WAJ6TcYjclNFbcD3XWcKVNG64msICMUp3Uli40pQzWLU2EoM2d8jphMFVIZFmQHG5+3g9OZhq6dRYqNs6lJ0R613k= anna@laptop',
    ],
  ])('%s', (fingerprint, line) => {
    expect(withFingerprint(PublicKeyLine.parse(line))).toMatchObject({ fingerprint, comment: 'anna@laptop' });
  });

  test('a private key is called one', () => {
    expect(why('-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n')).toMatch(/private key/);
  });
});

describe('a key that is refused says why', () => {
  const short = Buffer.concat([string('ssh-ed25519'), Buffer.from([0, 0, 0, 32, 1])]).toString('base64');
  const long = Buffer.concat([Buffer.from(blobOf(good), 'base64'), Buffer.from([0])]).toString('base64');
  it.each([
    ['nothing', '', /begins with its type/],
    ['a word', 'hello', /begins with its type/],
    ['an option', `command="sh" ${good}`, /no option may stand before it/],
    ['options of several words', `no-pty,from="*" ${good}`, /no option/],
    ['two lines', `${good}\n${good}`, /one line/],
    ['a carriage return', `${good} a\rcommand`, /one line/],
    ['NUL', `${good} a\0b`, /one line/],
    ['no blob', 'ssh-ed25519', /not base64/],
    ['bad base64', 'ssh-ed25519 AAAA$(id)', /not base64/],
    [
      'base64 with a hole',
      `ssh-ed25519 ${blobOf(good).slice(0, 20)}=${blobOf(good).slice(20)}`,
      /not base64/,
    ],
    ['DSA', lineOf('ssh-dss', mpint(3n)), /DSA keys are too weak/],
    ['a certificate', `ssh-ed25519-cert-v01@openssh.com ${blobOf(good)}`, /certificates are not taken/],
    ['a type that the bytes deny', `ssh-rsa ${blobOf(good)}`, /bytes are those of ssh-ed25519/],
    ['a type of every object', `toString ${blobOf(good)}`, /begins with its type/],
    ['cut short', `ssh-ed25519 ${short}`, /cut short/],
    ['more after its end', `ssh-ed25519 ${long}`, /more bytes follow/],
    ['an Ed25519 key of 31 bytes', ed25519Line(randomBytes(31)), /32 bytes, this one 31/],
    ['RSA of 2048 bits', rsa(65_537n, odd(2048)), /3072 to 16384 bits, this one 2048/],
    ['RSA of 3071 bits', rsa(65_537n, odd(3071)), /this one 3071/],
    ['RSA with exponent 3', rsa(3n, odd(3072)), /exponent/],
    ['RSA with an even exponent', rsa(65_538n, odd(3072)), /exponent/],
    ['RSA with an even modulus', rsa(65_537n, odd(3072) + 1n), /modulus is even/],
    ['a negative modulus', lineOf('ssh-rsa', mpint(65_537n), string(Buffer.alloc(384, 255))), /not positive/],
    [
      'another curve',
      lineOf('ecdsa-sha2-nistp256', string('nistp384'), curvePoint('secp384r1')),
      /its curve is nistp384/,
    ],
    [
      'a point off the curve',
      lineOf('ecdsa-sha2-nistp256', string('nistp256'), string(Buffer.from([4, ...Buffer.alloc(64, 7)]))),
      /not on nistp256/,
    ],
    [
      'a compressed point',
      lineOf('ecdsa-sha2-nistp256', string('nistp256'), string(Buffer.from([2, ...Buffer.alloc(32, 7)]))),
      /uncompressed/,
    ],
    [
      'a security key for something else',
      lineOf('sk-ssh-ed25519@openssh.com', string(randomBytes(32)), string('https://example.com')),
      /application ssh:/,
    ],
  ])('%s', (_, line, says) => {
    expect(why(line)).toMatch(says);
  });

  test('10 MB are not looked at', () => {
    expect(why('a'.repeat(10_000_000))).toMatch(/4096/);
  });
});

test('whatever is typed: it is refused, or type and blob are letters that an SSH server takes as one key', () => {
  const around = fc.tuple(fc.string(), fc.constantFrom('', ' ', '\n', '\t', '"', ','), fc.string());
  fc.assert(
    fc.property(around, fc.boolean(), ([before, between, after], isFirst) => {
      const typed = isFirst ? `${good}${between}${after}` : `${before}${between}${good}`;
      const { data } = PublicKeyLine.safeParse(typed);
      if (data === undefined) return;
      expect(`${data.type} ${data.blob}`).toBe(good);
    }),
  );
});

test('whatever the bytes are: the answer is a key or a reason, never a crash', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...keyTypes),
      fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 4 }),
      (type, parts) => {
        const read = PublicKeyLine.safeParse(lineOf(type, ...parts.map((part) => string(Buffer.from(part)))));
        if (!read.success) expect(read.error.issues[0]?.message).toMatch(/\w/);
      },
    ),
  );
});
