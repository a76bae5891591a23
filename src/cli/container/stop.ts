import type { Command } from 'commander';
import type { StackScope } from '../../app/lookup.js';
import { registerLifecycle } from './lifecycle.js';

export function register(parent: Command, scope: StackScope = 'file'): void {
  registerLifecycle(parent, 'stop', scope);
}
