import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'vm', include: ['test/vm/*.test.ts'] } });
