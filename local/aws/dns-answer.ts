/**
 * What an authoritative name server says, as a value: no socket, no clock. Names are compared without regard to case;
 * Route 53 writes unusual characters as octal escapes (`\052` is `*`).
 */
import type { Answer, Question, RecordType, StringAnswer } from 'dns-packet';
import * as z from '#core/zod.ts';

const recordSchema = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.int().check(z.nonnegative()),
  values: z.array(z.string()),
  /** An alias record answers with its target's records. */
  alias: z.optional(z.string()),
});
export const zoneSchema = z.object({
  id: z.string(),
  name: z.string(),
  private: z.boolean(),
  records: z.array(recordSchema),
});
export type Zone = z.infer<typeof zoneSchema>;
type ZoneRecord = Zone['records'][number];

export type ResponseCode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED';
export interface Reply {
  readonly rcode: ResponseCode;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
}

const MAX_CHAIN = 8;

export function reply(zones: readonly Zone[], question: Question): Reply {
  const zone = zoneOf(zones, question.name);
  if (zone === undefined) return { rcode: 'REFUSED', answers: [], authorities: [] };
  const answers = follow(zones, question.name, question.type, MAX_CHAIN);
  if (answers.length > 0) return { rcode: 'NOERROR', answers, authorities: [] };
  const rcode = exists(zone, question.name) ? 'NOERROR' : 'NXDOMAIN';
  return { rcode, answers, authorities: startOfAuthority(zone) };
}

/** The records of a name, and of the names that CNAMEs lead to, as far as they are in our zones. */
function follow(zones: readonly Zone[], name: string, type: RecordType, left: number): Answer[] {
  const zone = zoneOf(zones, name);
  if (zone === undefined || left === 0) return [];
  const records = recordsAt(zone, name);
  const found = records.filter((record) => record.type === type);
  if (found.length > 0) return found.flatMap((record) => resolved(zones, record, name, left));
  const canonical = records.find((record) => record.type === 'CNAME');
  const target = canonical?.values[0];
  if (canonical === undefined || target === undefined) return [];
  return [...toAnswers(canonical, name), ...follow(zones, trimmed(target), type, left - 1)];
}

function resolved(zones: readonly Zone[], record: ZoneRecord, name: string, left: number): Answer[] {
  if (record.alias === undefined) return toAnswers(record, name);
  const type = recordType(record.type);
  if (type === undefined) return [];
  return follow(zones, trimmed(record.alias), type, left - 1).map((answer) => ({ ...answer, name }));
}

/** The most specific public zone. */
function zoneOf(zones: readonly Zone[], name: string): Zone | undefined {
  const wanted = canonicalName(name);
  return zones
    .filter((zone) => !zone.private && isWithin(wanted, canonicalName(zone.name)))
    .sort((one, other) => other.name.length - one.name.length)[0];
}

const isWithin = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);

/** Those of the name itself, or of the wildcard nearest to a name that does not exist. */
function recordsAt(zone: Zone, name: string): ZoneRecord[] {
  const own = ofName(zone, canonicalName(name));
  if (own.length > 0 || exists(zone, name)) return own;
  const labels = canonicalName(name).split('.');
  for (let depth = 1; depth < labels.length; depth += 1) {
    const parent = labels.slice(depth).join('.');
    const wildcard = ofName(zone, `*.${parent}`);
    if (wildcard.length > 0) return wildcard;
    if (exists(zone, parent)) return [];
  }
  return [];
}

const ofName = (zone: Zone, name: string): ZoneRecord[] =>
  zone.records.filter((record) => canonicalName(record.name) === name);

/** A name exists, too, when only a name below it has records. A wildcard's match exists by its wildcard. */
function exists(zone: Zone, name: string): boolean {
  const wanted = canonicalName(name);
  return zone.records.some((record) => isWithin(canonicalName(record.name), wanted));
}

const trimmed = (name: string): string => name.replace(/\.$/, '');
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
const canonicalName = (name: string): string => unescaped(trimmed(name)).toLowerCase();

function startOfAuthority(zone: Zone): Answer[] {
  const record = ofName(zone, canonicalName(zone.name)).find(({ type }) => type === 'SOA');
  if (record === undefined) return [];
  // How long "there is none" may be kept (RFC 2308).
  const minimum = Number(record.values[0]?.split(/\s+/)[6] ?? record.ttl);
  return toAnswers({ ...record, ttl: Math.min(record.ttl, minimum) }, trimmed(zone.name));
}

const STRING_TYPES = ['A', 'AAAA', 'CNAME', 'NS', 'PTR'] as const satisfies readonly StringAnswer['type'][];
const TYPES = [...STRING_TYPES, 'TXT', 'SOA', 'MX', 'SRV'] as const;
const recordType = (type: string): (typeof TYPES)[number] | undefined =>
  TYPES.find((known) => known === type);

function toAnswers(record: ZoneRecord, owner: string): Answer[] {
  const { ttl } = record;
  const name = trimmed(owner);
  const string = STRING_TYPES.find((type) => type === record.type);
  if (string !== undefined)
    return record.values.map((value) => ({ type: string, name, ttl, data: trimmed(value) }));
  return record.values.flatMap((value) => structured(record.type, value, { name, ttl }));
}

function structured(type: string, value: string, common: { name: string; ttl: number }): Answer[] {
  const fields = value.trim().split(/\s+/);
  const [first = '', second = '', third = '', fourth = ''] = fields;
  switch (type) {
    case 'TXT':
      return [{ ...common, type, data: strings(value) }];
    case 'SOA': {
      const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = fields.slice(2).map(Number);
      const data = { mname: trimmed(first), rname: trimmed(second), serial, refresh, retry, expire, minimum };
      return [{ ...common, type, data }];
    }
    case 'MX':
      return [{ ...common, type, data: { preference: Number(first), exchange: trimmed(second) } }];
    case 'SRV': {
      const data = {
        priority: Number(first),
        weight: Number(second),
        port: Number(third),
        target: trimmed(fourth),
      };
      return [{ ...common, type, data }];
    }
    default:
      return [];
  }
}

/** `"one" "two"`: the character strings of a TXT record, at most 255 bytes each. */
function strings(value: string): Buffer[] {
  const quoted = [...value.matchAll(/"((?:\\.|[^"\\])*)"/g)].map(([, text = '']) => text);
  const parts = quoted.length > 0 ? quoted : [value];
  return parts.map((part) => Buffer.from(unescaped(part).replace(/\\(.)/g, '$1'), 'latin1'));
}
