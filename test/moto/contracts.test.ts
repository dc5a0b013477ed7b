/** The contracts of test/contracts/, kept by the real adapters on moto: what they ask is not only what one emulator takes. */
import { Route53Client } from '@aws-sdk/client-route-53';
import { expect, inject, test } from 'vitest';
import { Route53Zone } from '#adapters/aws/dns-zone.ts';
import { attachmentsContract } from '../contracts/attachments.ts';
import { AwsWorlds } from '../contracts/aws-worlds.ts';
import { basesContract } from '../contracts/bases.ts';
import { builderContract } from '../contracts/builder.ts';
import { dnsZoneContract } from '../contracts/dns-zone.ts';
import { endpointContracts } from '../contracts/endpoint.ts';
import { eventBusContract } from '../contracts/event-bus.ts';
import { heartbeatContract } from '../contracts/heartbeat.ts';
import { metricHeartbeat } from '../contracts/metric-heartbeat.ts';
import { scannerContract } from '../contracts/scanner.ts';
import * as known from './deviations.ts';
import { motoAttachments, motoBases, motoBuilder, motoScanner } from './worlds.ts';

const endpoint = inject('moto');
const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
const sdk = { endpoint, region: 'us-east-1', credentials };
const worlds = new AwsWorlds(sdk);
const route53 = new Route53Client(sdk);

const tableName = await worlds.table();
const zone = await worlds.zone();

endpointContracts(sdk, worlds, tableName, ' on moto');
dnsZoneContract('Route53Zone on moto', zone.name, () => new Route53Zone(zone.id, route53), known.dnsZone);
eventBusContract('EventBridgeBus on moto', () => worlds.bus(), known.eventBus);
scannerContract('EcrScanner on moto', () => motoScanner(sdk, worlds), known.scanner);
heartbeatContract('MetricHeartbeat on moto', () => metricHeartbeat(sdk, worlds.name('heart')));
attachmentsContract('EcrAttachments on moto', () => motoAttachments(sdk, worlds), known.attachments);
basesContract('EcrBases on moto', () => motoBases(sdk, worlds));
builderContract('CodeBuilder on moto', () => motoBuilder(sdk, worlds), known.builder);

/** The promoter's contract can't be held here: when this fails, it can. */
test('moto has no registry: it answers ECR’s API, but not the OCI distribution protocol', async () => {
  const answer = await fetch(`${endpoint}/v2/`, {
    headers: { host: '000000000000.dkr.ecr.us-east-1.amazonaws.com' },
  });
  expect(answer.headers.get('docker-distribution-api-version')).toBeNull();
  expect([200, 401]).not.toContain(answer.status);
});
