/** Sends the changes of many environments in few calls. What Route 53 refuses is found, so that it holds up nobody else. */
import type { DnsRecord } from '#core/dns.ts';
import { afterRefusal, callsOf, type Group } from '#core/dns-calls.ts';
import { Conflict, Retryable } from '#core/errors.ts';
import type { DnsZone } from '#core/ports.ts';

/** By environment; what is not in it was made. */
export type Failures = ReadonlyMap<string, unknown>;

/** One call after the other: Route 53 refuses a second one for a zone while it does the first. */
export async function change(zone: Pick<DnsZone, 'change'>, groups: readonly Group[]): Promise<Failures> {
  const failures = new Map<string, unknown>();
  const calls: (readonly Group[])[] = callsOf(groups);
  for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
    try {
      await zone.change(call.flatMap(({ changes }) => changes));
    } catch (error) {
      const { refused, again } =
        error instanceof Conflict ? afterRefusal(call, error.message) : { refused: call, again: [] };
      for (const { id } of refused) failures.set(id, error);
      // What nobody refused goes first.
      calls.push(...again);
      // What comes after it would be throttled too.
      if (error instanceof Retryable) for (const { id } of calls.splice(0).flat()) failures.set(id, error);
    }
  }
  return failures;
}

/** So many names are read before it is seen whether Route 53 takes more: what was read by then is not read in vain. */
const namesAtOnce = 100;

/** @returns all records at those names; by name, why some were not read. */
export async function read(
  zone: Pick<DnsZone, 'records'>,
  names: readonly string[],
): Promise<{ readonly records: readonly DnsRecord[]; readonly unread: Failures }> {
  const records: DnsRecord[] = [];
  const unread = new Map<string, unknown>();
  let failure: unknown;
  for (let i = 0; i < names.length; i += namesAtOnce) {
    const some = names.slice(i, i + namesAtOnce);
    try {
      if (failure !== undefined) throw failure;
      records.push(...(await zone.records(some)));
    } catch (error) {
      failure = error;
      for (const name of some) unread.set(name, error);
    }
  }
  return { records, unread };
}
