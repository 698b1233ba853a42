import { killAndLook } from './crash/killings.ts';
import { choicesOf } from './crash/lanes.ts';

describe('a killed harness, process isolation', function () {
  this.timeout(1_200_000);

  it('leaves nothing: no process, no file, no container', () => killAndLook(6, choicesOf('embedded')));

  it('by SIGTERM, and again while it unwinds, takes everything back itself before it ends', () =>
    killAndLook(2, choicesOf('embedded'), ['SIGTERM', 'SIGTERM']));
});
