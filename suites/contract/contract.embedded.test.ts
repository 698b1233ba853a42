import { embeddedProvider } from '../../clusters/embedded/provider.ts';
import { declareOn } from './bring-up.ts';

declareOn(embeddedProvider, { workers: 1, startLatency: '100ms' });
