import { expect } from 'chai';
import { CommandUndo, stateOf } from './command-undo.ts';

describe('how a change is looked for', () => {
  const change = (more: Partial<CommandUndo> = {}) =>
    CommandUndo.parse({ what: 'a change', enter: [], look: ['look'], mark: 'here', undo: ['undo'], ...more });
  const saying =
    (exitCode: number, stdout: string, stderr = '') =>
    async () => ({ exitCode, stdout, stderr });
  const failed = async (state: Promise<unknown>) =>
    await state.then(
      () => 'told',
      (error) => error.code,
    );

  it('is there where its mark is printed', async () => {
    expect(await stateOf(change(), saying(0, 'it is here'))).to.equal('there');
    expect(await stateOf(change(), saying(0, ''))).to.equal('gone');
  });

  it('is gone by the words of a kernel’s commands', async () => {
    expect(await stateOf(change(), saying(1, '', 'Cannot find device "x"'))).to.equal('vanished');
    expect(await stateOf(change(), saying(1, '', 'No such file or directory'))).to.equal('gone');
    expect(await failed(stateOf(change(), saying(1, '', 'denied')))).to.equal('FAULT_TARGET_UNREADABLE');
  });

  it('is not gone by any words, where those may be somebody’s who knows nothing of it', async () => {
    const exact = change({ exact: true });
    for (const words of ['No such container', 'No such file or directory', 'the pod does not exist'])
      expect(await failed(stateOf(exact, saying(1, '', words)))).to.equal('FAULT_TARGET_UNREADABLE');
    expect(await stateOf(exact, saying(0, ''))).to.equal('gone');
  });
});
