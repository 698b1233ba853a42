import { S3mini } from 's3mini';

/** Where an S3 store is, and what it takes to be let in. */
export interface StoreAddress {
  endpoint: string;
  bucket: string;
  region: string;
}

export interface StoreKeys {
  accessKeyId: string;
  secretAccessKey: string;
}

/** How long one request may take, in ms. */
const REQUEST_MS = 10_000;

/** One bucket of an S3 store, as trainers and the harness use it. Nothing is tried twice. */
export class CheckpointStore {
  readonly #s3: S3mini;

  constructor({ bucket, endpoint, region }: StoreAddress, keys: StoreKeys) {
    this.#s3 = new S3mini({
      endpoint: `${endpoint.replace(/\/+$/, '')}/${bucket}`,
      region,
      ...keys,
      requestAbortTimeout: REQUEST_MS,
    });
  }

  /** Resolves when the store has acknowledged it. */
  async put(key: string, object: Uint8Array): Promise<void> {
    await this.#s3.putObject(key, object, 'application/octet-stream');
  }

  /** undefined where there is no such object. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const object = await this.#s3.getObjectArrayBuffer(key);
    return object ? new Uint8Array(object) : undefined;
  }

  /** All keys that begin so. */
  async list(prefix: string): Promise<string[]> {
    const objects = await this.#s3.listObjects('/', prefix);
    return (objects ?? []).map(({ Key }) => Key);
  }

  async hasBucket(): Promise<boolean> {
    return await this.#s3.bucketExists();
  }

  /** Removes all objects whose keys begin so. */
  async clear(prefix: string): Promise<void> {
    const keys = await this.list(prefix);
    if (keys.length > 0) await this.#s3.deleteObjects(keys);
  }
}
