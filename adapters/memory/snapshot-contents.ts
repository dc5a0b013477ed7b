/** The VolumeSnapshotContents of a cluster in memory, which are of no namespace. */
import { LiveObject } from '#core/drift.ts';
import type { KubernetesObject } from '#core/labels.ts';
import { SnapshotContent } from '#core/last-snapshot.ts';

export class MemorySnapshotContents {
  readonly #contents = new Map<string, LiveObject>();
  /** Handles of snapshots that were deleted. */
  readonly dropped: string[] = [];

  names = (): readonly string[] => [...this.#contents.keys()].sort();

  read(name: string): SnapshotContent | undefined {
    const found = this.#contents.get(name);
    return found && SnapshotContent.parse(found);
  }

  put(object: KubernetesObject, uid: string): void {
    const { metadata } = object;
    const known = this.#contents.get(metadata.name)?.metadata.uid ?? uid;
    this.#contents.set(metadata.name, LiveObject.parse({ ...object, metadata: { ...metadata, uid: known } }));
  }

  drop(content: SnapshotContent): void {
    this.forget(content);
    this.dropped.push(content.status?.snapshotHandle ?? '');
  }

  forget({ metadata }: SnapshotContent): void {
    if (this.#contents.get(metadata.name)?.metadata.uid === metadata.uid)
      this.#contents.delete(metadata.name);
  }
}
