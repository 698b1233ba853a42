import { StatusError } from '../store.ts';

/** kubectl's typed clients write their objects in it; they read JSON as well. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** `k8s` and a zero, before a runtime.Unknown whose second field is the object. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const LENGTH_DELIMITED = 2;

type Fields = ReadonlyMap<number, Buffer>;

/**
 * A SelfSubjectAccessReview in the API's protobuf, as its JSON would be: by the field numbers of
 * k8s.io/api/authorization/v1/generated.proto.
 * @throws StatusError 400.
 */
export function accessReviewOf(body: Buffer): { spec: Record<string, unknown> } {
  try {
    if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('it does not begin with k8s');
    const raw = fieldsOf(body.subarray(MAGIC.length)).get(2);
    const spec = fieldsOf(raw).get(2);
    const [resource, path] = [fieldsOf(spec).get(1), fieldsOf(spec).get(2)];
    return {
      spec: {
        ...(resource && { resourceAttributes: named(resource, RESOURCE_FIELDS) }),
        ...(path && { nonResourceAttributes: named(path, PATH_FIELDS) }),
      },
    };
  } catch (error) {
    throw new StatusError(400, 'BadRequest', `the body could not be read: ${(error as Error).message}`);
  }
}

const RESOURCE_FIELDS = ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'];
const PATH_FIELDS = ['path', 'verb'];

function named(message: Buffer, names: readonly string[]): Record<string, string> {
  const fields = fieldsOf(message);
  return Object.fromEntries(
    names.flatMap((name, index) => {
      const text = fields.get(index + 1)?.toString('utf8');
      return text ? [[name, text]] : [];
    }),
  );
}

/** A message's fields that have a length, the last of each number; in what is read here there are no others. */
function fieldsOf(message: Buffer | undefined): Fields {
  const fields = new Map<number, Buffer>();
  if (!message) return fields;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('it ends in the middle of a field');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error('a number in it is too long');
  };
  while (at < message.length) {
    const key = varint();
    if (key % 8 !== LENGTH_DELIMITED) throw new Error(`field ${Math.floor(key / 8)} has no length`);
    const length = varint();
    if (at + length > message.length) throw new Error('it ends in the middle of a field');
    fields.set(Math.floor(key / 8), message.subarray(at, at + length));
    at += length;
  }
  return fields;
}
