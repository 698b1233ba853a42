// The guest's end of the channel: stdin and stdout are /dev/ttyS0, a line of JSON each way. channel.ts has the words.
// Plain JavaScript, for it is run by node alone: a loader would cost the one-CPU guest a second.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const running = new Map();
const send = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

// Node's own exit restores the terminal's settings, and aborts when the host has already closed it.
const hangUp = () => process.kill(process.pid, 'SIGKILL');

function run({ id, argv, cwd }) {
  const child = spawn(argv[0], argv.slice(1), { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  running.set(id, child);
  for (const stream of ['stdout', 'stderr']) {
    createInterface({ input: child[stream] }).on('line', (line) => send({ id, stream, line }));
  }
  const done = (code, error) => {
    if (running.delete(id)) send({ id, code, ...(error && { error }) });
  };
  child.on('error', (error) => done(null, error.message));
  child.on('close', (code, signal) => done(code, signal && `it was ended by ${signal}`));
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    send({ taken: Buffer.byteLength(line) + 1 });
    const command = JSON.parse(line);
    if (command.signal) running.get(command.id)?.kill(command.signal);
    else run(command);
  })
  .on('close', hangUp);
send({ event: 'ready', kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim() });
