/** Public keys made byte by byte, right and wrong ones alike. */
export const string = (value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

export const lineOf = (type: string, ...parts: Buffer[]): string =>
  `${type} ${Buffer.concat([string(type), ...parts]).toString('base64')}`;

export const ed25519Line = (key: Buffer): string => lineOf('ssh-ed25519', string(key));

/** A positive number as RFC 4251 writes it. */
export function mpint(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return string((bytes[0] ?? 0) >= 128 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}
