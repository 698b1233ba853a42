import { status } from '@grpc/grpc-js';
import { messageOf } from '../../../harness/errors/error.ts';

/** A failed call as the kubelet words it: `rpc error: code = Unknown desc = …`. */
export function rpcWords(error: unknown): string {
  const { code, details } = error as { code?: number; details?: string };
  if (typeof code !== 'number' || status[code] === undefined) return messageOf(error);
  const name = status[code]
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
  return `rpc error: code = ${name} desc = ${details}`;
}
