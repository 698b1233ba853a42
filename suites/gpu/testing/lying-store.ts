import { createServer, type IncomingMessage } from 'node:http';

/** What becomes of an object that the store has acknowledged. */
export type Lie = 'none' | 'loses' | 'truncates' | 'hides' | 'swaps';

export interface LyingStore {
  endpoint: string;
  bucket: string;
  /** From now on. */
  lie(how: Lie): void;
  close(): Promise<void>;
}

const BUCKET = 'bucket';

/** As much of an S3 server on loopback as a trainer asks for, which need not keep what it acknowledges. */
export async function lyingStore(): Promise<LyingStore> {
  const objects = new Map<string, Buffer>();
  let lie: Lie = 'none';
  const kept = (key: string): Buffer | undefined => {
    const object = objects.get(key);
    if (lie === 'loses') return undefined;
    if (lie === 'truncates') return object?.subarray(0, object.length / 2);
    return lie === 'swaps' ? objects.get([...objects.keys()][0] ?? '') : object;
  };
  const listed = (prefix: string) =>
    [...objects.keys()].slice(0, lie === 'hides' ? 1 : undefined).filter((key) => key.startsWith(prefix));
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const key = decodeURIComponent(url.pathname).slice(`/${BUCKET}/`.length);
    if (request.method === 'PUT') {
      objects.set(key, await bodyOf(request));
      response.setHeader('etag', '"0"').end();
    } else if (url.searchParams.has('list-type')) {
      const keys = listed(url.searchParams.get('prefix') ?? '');
      response.setHeader('content-type', 'application/xml').end(listing(keys));
    } else if (request.method === 'HEAD') response.end();
    else if (request.method === 'POST') response.setHeader('content-type', 'application/xml').end(DELETED);
    else {
      const object = kept(key);
      if (object) response.end(object);
      else response.writeHead(404, { 'content-type': 'application/xml' }).end(NO_SUCH_KEY);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    lie(how) {
      lie = how;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const NO_SUCH_KEY = '<Error><Code>NoSuchKey</Code><Message>there is none</Message></Error>';
const DELETED = '<DeleteResult></DeleteResult>';

function listing(keys: readonly string[]): string {
  const entries = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('');
  return `<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>${keys.length}</KeyCount>${entries}</ListBucketResult>`;
}
