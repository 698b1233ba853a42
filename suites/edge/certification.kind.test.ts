import { containers, declareCertification } from './testing/certifies.ts';

declareCertification(containers('kind', { workers: '2' }));
