/** How the objects of an environment are called and labelled in a cluster, and who Kubernetes says that applied them. */
import { type EnvironmentKey, namespaceOf } from './names.ts';

export const fieldManager = 'getschwifty';
/** Holds a Deployment while its pods are resized: what it alone applied goes with it. */
export const resizeManager = 'getschwifty-resize';
/** The name of every object in an environment's namespace. */
export const appName = 'app';
/** Of the port on which an application listens, in its pods. */
export const portName = 'http';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export const managedBy = { 'app.kubernetes.io/managed-by': fieldManager };

export const labelsOf = (key: EnvironmentKey) => ({
  'app.kubernetes.io/name': appName,
  'app.kubernetes.io/instance': namespaceOf(key),
  ...managedBy,
  'getschwifty.dev/team': key.team,
  'getschwifty.dev/environment': key.name,
});

/** Of its containers, the application's: what runs beside it tells nothing of its health. */
export const isApp = ({ name }: { readonly name: string }): boolean => name === appName;

/** What its pods are found by. */
export const selectorOf = (key: EnvironmentKey) => ({ 'app.kubernetes.io/instance': namespaceOf(key) });

/** Of an object in the environment's namespace. */
export const metadataOf = (key: EnvironmentKey, name = appName) => ({
  name,
  namespace: namespaceOf(key),
  labels: labelsOf(key),
});
