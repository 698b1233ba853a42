import { kindProvider } from '../../clusters/kind/provider.ts';
import { declareOn } from './bring-up.ts';

declareOn(kindProvider, {
  workers: 1,
  ...(process.env.ORDEAL_KUBERNETES && { kubernetes: process.env.ORDEAL_KUBERNETES }),
});
