import type { Command } from 'commander';
import type { Home } from '../home.js';
import { registerLifecycle } from './lifecycle.js';

export function register(parent: Command, home: Home = 'file'): void {
  registerLifecycle(parent, 'stop', home);
}
