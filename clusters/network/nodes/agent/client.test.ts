import { expect } from 'chai';
import { EXIT, OrdealError } from '../../../../harness/errors/error.ts';
import { AgentClient } from './client.ts';

/** The keeper's program on this machine, as the harness has it in a container. */
const PROGRAM = [process.execPath, '--import', 'tsx', `${import.meta.dirname}/main.ts`];

describe('a keeper’s program', () => {
  const failed = (seen: string) =>
    new OrdealError({ code: 'GONE', exit: EXIT.unable, tried: 'asking', seen, todo: 'nothing' });
  let client: AgentClient;

  beforeEach(async () => {
    client = new AgentClient(PROGRAM, failed);
    await client.readyWithin(30_000);
  });

  afterEach(async () => {
    await client.end(1_000);
  });

  it('runs argument arrays, each with its own input and exit code, side by side', async () => {
    const slow = client.exec(['sh', '-c', 'sleep 0.3; exit 3']);
    const quick = await Promise.all(['a\nb', '“c”'].map((input) => client.exec(['cat', '-'], { input })));
    expect(quick.map(({ stdout }) => stdout)).to.deep.equal(['a\nb', '“c”']);
    expect(await slow).to.include({ exitCode: 3 });
  });

  it('tells what a command lacked as this machine would', async () => {
    const error = await client.exec(['no-such-command']).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(OrdealError).and.include({ code: 'COMMAND_MISSING' });
    const late = await client.exec(['sleep', '9'], { timeoutMs: 50 }).catch((reason: unknown) => reason);
    expect(late).to.include({ code: 'COMMAND_TIMEOUT' });
  });

  it('leaves no command waiting when it ends', async () => {
    const waiting = client.exec(['sleep', '9']).catch((reason: unknown) => reason);
    await client.end(5_000);
    expect(await waiting).to.include({ code: 'GONE' });
    expect(await client.exec(['true']).catch((reason: unknown) => reason)).to.include({ code: 'GONE' });
  });

  it('says why there is none', async () => {
    const none = new AgentClient(['sh', '-c', 'echo no image >&2; exit 125'], failed);
    const error = await none.readyWithin(30_000).catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'GONE', seen: 'no image' });
  });
});
