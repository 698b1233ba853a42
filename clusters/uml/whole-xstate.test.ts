import { expect } from 'chai';
import { hasTiles } from './whole-xstate.ts';

describe('the state of a processor’s processes', () => {
  const cpuinfo = (...flags: string[]) =>
    `processor\t: 0\nmodel name\t: a processor (amx_tile)\nflags\t\t: ${flags.join(' ')}\n\nprocessor\t: 1\n`;

  it('has tiles where the flags say so', () => {
    expect(hasTiles(cpuinfo('fpu', 'amx_bf16', 'amx_tile', 'amx_int8'))).to.equal(true);
    expect(hasTiles(cpuinfo('fpu', 'avx512f', 'amx_tiles'))).to.equal(false);
    expect(hasTiles('')).to.equal(false);
  });
});
