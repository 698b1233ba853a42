import { declareCertification } from './testing/certifies.ts';

declareCertification('process', 'modelled');
