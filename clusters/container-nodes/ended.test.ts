import { expect } from 'chai';
import { remedyFor } from './ended.ts';

describe('a node that ended', () => {
  it('for want of inotify instances is told how to get them; another, where to look', () => {
    // What systemd says as a node's first process then.
    const spent = 'Failed to create control group inotify object: Too many open files\nExiting PID 1...';
    expect(remedyFor(spent)).to.match(/sysctl fs\.inotify\.max_user_instances=512/);
    expect(remedyFor('level=fatal msg="token is wrong"')).to.match(/cluster-logs/);
  });
});
