import { containers, declareCertification } from './testing/certifies.ts';

declareCertification(containers('k3s'));
