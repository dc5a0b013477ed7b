/** Incidents become notices: what happened, to what, since when, and what to do. */
import { Rejected } from '#core/errors.ts';
import { environmentId } from '#core/names.ts';
import type { Pager } from '#core/ports.ts';
import type { Handle } from '../runtime/queue.ts';

export function tellPager(pager: Pager): Handle {
  return async (signal) => {
    if (signal.kind !== 'told') throw new Rejected(`The pager takes incidents, not ${signal.kind}.`);
    const { event } = signal;
    if (event.type !== 'IncidentOpened' && event.type !== 'IncidentRecovered') {
      throw new Rejected(`The pager takes incidents, not ${event.type}: is a rule's pattern too wide?`);
    }
    const environment = environmentId(event.environment);
    const state = event.type === 'IncidentOpened' ? 'open' : 'recovered';
    const { id, kind, openedAt, summary } = event.incident;
    await pager.tell({
      subject: `[${state.toUpperCase()}] ${environment}: ${kind}`,
      body: {
        state,
        environment,
        cluster: event.cluster,
        incident: id,
        kind,
        openedAt,
        at: event.at,
        summary,
      },
    });
  };
}
