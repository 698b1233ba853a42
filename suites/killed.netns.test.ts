import { killAndLook } from './crash/killings.ts';
import { choicesOf } from './crash/lanes.ts';

describe('a killed harness, netns isolation', function () {
  this.timeout(1_200_000);

  it('leaves nothing: no namespace, no tunnel, no process, no file', () =>
    killAndLook(3, choicesOf('netns')));
});
