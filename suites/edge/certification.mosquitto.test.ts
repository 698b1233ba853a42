import { declareCertification, isolation } from './testing/certifies.ts';

declareCertification(isolation('netns', 'real-kernel'), { broker: 'mosquitto', protocol: 5 });
