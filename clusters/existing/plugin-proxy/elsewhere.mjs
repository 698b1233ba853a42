// Runs from its TypeScript source, like the command; see elsewhere.ts.
import { register } from 'tsx/esm/api';

register();
await import('./elsewhere.ts');
