import { declareCertification, isolation } from './testing/certifies.ts';

declareCertification(isolation('process', 'modelled'));
