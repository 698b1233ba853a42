#!/usr/bin/env node
// The command runs from its TypeScript source: `npm ci` alone, with no build step, is all that a user needs.
import { register } from 'tsx/esm/api';

register();
await import('./ordeal.ts');
