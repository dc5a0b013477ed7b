/** Environment variables of reconcile: the outbox's, for both send events and looks. */
export { Env } from '../outbox/env.ts';
