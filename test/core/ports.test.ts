/** An environment that serves another port than 9000. */
import { describe, expect, it } from 'vitest';
import type { Spec } from '#core/spec.ts';
import { asks, objects, one } from './rolled-out.ts';
import { spec } from './samples.ts';

describe('another port', () => {
  const wanted = asks({ port: 8080 });
  const at = (given: Spec) => JSON.stringify(objects(given));

  it('is told to the application, and is where its pods are asked and reached', () => {
    expect(one('Deployment', wanted)).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              {
                ports: [{ name: 'http', containerPort: 8080 }],
                env: [{ name: 'PORT', value: '8080' }],
                startupProbe: { tcpSocket: { port: 'http' } },
                readinessProbe: { tcpSocket: { port: 'http' } },
                livenessProbe: { tcpSocket: { port: 'http' } },
              },
            ],
          },
        },
      },
    });
    expect(one('Service', wanted)).toMatchObject({ spec: { ports: [{ port: 80, targetPort: 'http' }] } });
    const serve = objects(wanted).find(({ metadata }) => metadata.name === 'serve');
    expect(serve).toMatchObject({ spec: { ingress: [{ ports: [{ protocol: 'TCP', port: 8080 }] }] } });
  });

  it('changes nothing else: each object is the other one with that number', () => {
    expect(at(wanted)).toBe(at(spec).replaceAll('9000', '8080'));
  });
});
