/** A reader that has seen enough (`| head`) ends no command, and is no failure of it: what else it would get is dropped. */
export function outliveReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
