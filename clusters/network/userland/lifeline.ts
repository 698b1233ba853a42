/**
 * Ends this process when it is told to, and when its parent is gone, however that went: the parent holds the other end
 * of standard input.
 */
export function endWithParent(stop: () => Promise<void>): () => Promise<void> {
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    await stop();
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.stdin.resume();
  process.stdin.on('end', end);
  process.stdin.on('error', end);
  return end;
}
