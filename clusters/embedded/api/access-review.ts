import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { StatusError } from '../store.ts';
import { accessReviewOf, PROTOBUF } from './protobuf.ts';
import { readBody, readBytes } from './request.ts';

const Review = z.looseObject({
  spec: z
    .looseObject({ resourceAttributes: z.unknown(), nonResourceAttributes: z.unknown() })
    .partial()
    .default({}),
});

/**
 * Answers a SelfSubjectAccessReview: whoever has the token may do everything.
 * @throws StatusError 400 for what is none, 413; 422 where not exactly one thing is asked.
 */
export async function reviewed(request: IncomingMessage): Promise<object> {
  const written = request.headers['content-type']?.startsWith(PROTOBUF)
    ? accessReviewOf(await readBytes(request))
    : ((await readBody(request)) ?? {});
  const review = Review.safeParse(written);
  if (!review.success) throw new StatusError(400, 'BadRequest', 'the body is no SelfSubjectAccessReview');
  const { spec, ...rest } = review.data;
  const asked = [spec.resourceAttributes, spec.nonResourceAttributes].filter(
    (attributes) => attributes != null,
  );
  if (asked.length !== 1) {
    throw new StatusError(
      422,
      'Invalid',
      'SelfSubjectAccessReview.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  }
  return {
    ...rest,
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec,
    status: { allowed: true, reason: 'the bearer of the token may do everything' },
  };
}
