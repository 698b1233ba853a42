import { declareCertification } from './testing/certifies.ts';

declareCertification('netns', 'real-kernel', { broker: 'mosquitto', protocol: 5 });
