/** The uploads of a test's registry: parts in their order, what came so far, and the ways in which they go wrong. */
import { type Asked, type Home, type Reply, sha256 } from './oci-words.ts';

interface Upload {
  readonly name: string;
  content: Buffer;
}

/** What becomes of one part: kept and its answer lost, kept in half and cut, not kept at all, or the upload forgotten. */
export type Mishap = 'answer lost' | 'half lost' | 'all lost' | 'upload forgotten' | 'busy';

export class OciUploads {
  readonly #registry: Home;
  readonly #open = new Map<string, Upload>();
  #begun = 0;
  /** Each befalls the next part or last part. */
  readonly mishaps: Mishap[] = [];
  /** ECR says 201 to a PATCH, the specification 202. */
  patched = 202;
  at = () => this.#registry.origin;
  /** What ECR does: the range that it tells stays at the first part's. */
  rangeStaysAt = Number.POSITIVE_INFINITY;
  /** Not every registry says how far an upload is, or lets it be cancelled. */
  tells = true;

  constructor(registry: Home) {
    this.#registry = registry;
  }

  /** Begun and neither completed nor cancelled. */
  get left(): number {
    return this.#open.size;
  }

  reply(name: string, id: string, asked: Asked): Reply {
    if (asked.method === 'POST') return this.#begin(name, asked);
    const upload = this.#open.get(id);
    if (!upload) return { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' };
    if (asked.method === 'GET') return this.tells ? this.#status(id, upload, 204) : { status: 405 };
    if (asked.method === 'DELETE') {
      if (this.tells) this.#open.delete(id);
      return { status: this.tells ? 204 : 405 };
    }
    return this.#part(id, upload, asked);
  }

  #begin(name: string, { url }: Asked): Reply {
    const { mount, from } = Object.fromEntries(url.searchParams);
    const mounted =
      this.#registry.mounts && mount && from ? this.#registry.repository(from).blobs.get(mount) : undefined;
    if (mount && mounted) {
      this.#registry.repository(name).blobs.set(mount, mounted);
      return { status: 201 };
    }
    this.#begun += 1;
    const id = `u-${this.#begun}`;
    this.#open.set(id, { name, content: Buffer.alloc(0) });
    return { status: 202, headers: { location: `${this.at()}/v2/${name}/blobs/uploads/${id}?state=a` } };
  }

  #part(id: string, upload: Upload, { method, url, headers, body }: Asked): Reply {
    const start = Number(/^(\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? upload.content.length);
    if (start !== upload.content.length) return this.#status(id, upload, 416);
    const mishap = this.mishaps.shift();
    if (mishap === 'upload forgotten') this.#open.delete(id);
    if (mishap === 'busy') return { status: 503, body: 'busy' };
    if (mishap === 'upload forgotten' || mishap === 'all lost') return { status: 0, cutAfter: 0 };
    if (mishap === 'half lost') {
      upload.content = Buffer.concat([upload.content, body.subarray(0, body.length / 2)]);
      return { status: 0, cutAfter: 0 };
    }
    upload.content = Buffer.concat([upload.content, body]);
    const reply = method === 'PUT' ? this.#complete(id, upload, url) : this.#status(id, upload, this.patched);
    return mishap === 'answer lost' ? { ...reply, cutAfter: 0 } : reply;
  }

  #complete(id: string, { name, content }: Upload, url: URL): Reply {
    const digest = url.searchParams.get('digest') ?? '';
    if (url.searchParams.get('state') !== 'a') return { status: 400, body: 'BLOB_UPLOAD_INVALID' };
    if (sha256(content) !== digest) return { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
    this.#open.delete(id);
    this.#registry.repository(name).blobs.set(digest, content);
    return { status: 201 };
  }

  #status(id: string, { name, content }: Upload, status: number): Reply {
    const end = Math.max(0, Math.min(content.length, this.rangeStaysAt) - 1);
    const location = `${this.at()}/v2/${name}/blobs/uploads/${id}?state=a`;
    return { status, headers: { location, range: `0-${end}` } };
  }
}
