import { z } from 'zod';

/** One measurement of a sensor, as it travels. */
const Message = z.strictObject({
  publisher: z.string(),
  /** The publisher's epoch: its numbers begin at 0 in each. */
  session: z.string(),
  seq: z.int().nonnegative(),
  /** Wall milliseconds of the publisher when it was measured. */
  at: z.number(),
});
export type Message = z.infer<typeof Message>;

/** Every publisher's topic. */
export const TOPICS = 'plant/+/sensor';

export function topicOf(publisher: string): string {
  return TOPICS.replace('+', publisher);
}

export function isOurs(topic: string): boolean {
  const [root, , last, more] = topic.split('/');
  return root === 'plant' && last === 'sensor' && more === undefined;
}

/** Undefined for what is no message of ours. */
export function parseMessage(payload: Buffer): Message | undefined {
  try {
    const message = Message.safeParse(JSON.parse(payload.toString('utf8')));
    return message.success ? message.data : undefined;
  } catch {
    return undefined;
  }
}
