import { expect } from 'chai';
import { Plan } from '../../../harness/plan/schema.ts';
import { resolve, settingsOf } from '../settings.ts';
import { collectorDeployment } from './deployment.ts';

describe('a collector’s Deployment', () => {
  const { settings } = settingsOf(resolve(Plan.parse({ suites: [{ name: 'edge' }] })));
  const containers = (probes: boolean, enter: string[] = [], host?: string) => {
    const { spec } = collectorDeployment({
      node: 'edge-1',
      namespace: 'n',
      image: 'i',
      commands: { collector: ['c'], probe: ['p'] },
      ports: { tcp: 1883, http: 8080 },
      enter,
      host,
      probes,
      settings,
    });
    expect(spec?.selector.matchLabels).to.deep.equal(spec?.template.metadata?.labels);
    expect(spec?.template.spec?.nodeSelector).to.deep.equal({ 'kubernetes.io/hostname': 'edge-1' });
    return spec?.template.spec?.containers ?? [];
  };

  it('is looked at by the kubelet with the remedy, by TCP and by HTTP', () => {
    const [collector, prober] = containers(true);
    expect(collector?.livenessProbe?.tcpSocket).to.deep.equal({ port: 1883 });
    expect(collector?.readinessProbe?.httpGet).to.deep.equal({ path: '/ready', port: 8080 });
    expect(prober?.readinessProbe).to.equal(undefined);
  });

  it('is looked at by commands in its network where the kubelet has no way there', () => {
    const [collector] = containers(true, ['ip', 'netns', 'exec', 'edge']);
    for (const probe of [collector?.livenessProbe, collector?.readinessProbe]) {
      expect(probe?.exec?.command?.slice(0, 4)).to.deep.equal(['ip', 'netns', 'exec', 'edge']);
      expect(probe).to.not.have.any.keys('tcpSocket', 'httpGet');
    }
  });

  it('is looked at where the kubelet reaches it, and not ended before it can have begun to listen', () => {
    const [collector] = containers(true, [], '10.10.0.2');
    expect(collector?.startupProbe?.tcpSocket).to.deep.equal({ port: 1883, host: '10.10.0.2' });
    expect(collector?.startupProbe?.failureThreshold).to.equal(settings.startSeconds);
    expect(collector?.readinessProbe?.httpGet).to.include({ host: '10.10.0.2' });
  });

  it('is looked at by nobody without it', () => {
    for (const container of containers(false)) {
      expect(container.livenessProbe).to.equal(undefined);
      expect(container.readinessProbe).to.equal(undefined);
      expect(container.startupProbe).to.equal(undefined);
    }
  });
});
