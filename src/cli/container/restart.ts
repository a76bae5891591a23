import type { Command } from 'commander';
import type { Home } from '../../app/lookup.js';
import { registerLifecycle } from './lifecycle.js';

export function register(parent: Command, home: Home = 'file'): void {
  registerLifecycle(parent, 'restart', home);
}
