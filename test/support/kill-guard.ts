/**
 * Loaded before every test file. `process.kill(0)` signals the caller's whole process group, and 1 is
 * init: a test that reads the pid of a container while it restarts would end the test run, or the
 * machine, without a message.
 */
const kill = process.kill.bind(process);

process.kill = (pid, signal) => {
  if (Math.abs(pid) > 1) return kill(pid, signal);
  throw new Error(`a test may not signal ${pid}: the process it is looking for does not exist`);
};
