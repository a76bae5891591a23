import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { Event } from '../../model/events.js';
import type { Plan, Unit } from '../../model/plan.js';
import type { View, ViewOptions } from '../view.js';
import { rollbackText, sentence } from './messages.js';
import { humanFrame } from './plain.js';

interface Task {
  title: string;
  output: string;
  skip(message?: string): void;
}

/** One unit's line on the terminal, from the first frame until the unit has ended. */
interface Lane {
  unit: Unit;
  title: string;
  task?: Task;
  end: (error?: Error) => void;
  ended: Promise<void>;
}

/** A live list of all units, on a standard error that is a terminal. */
export function taskView(options: ViewOptions): View {
  const frame = humanFrame(options);
  let lanes = new Map<string, Lane>();
  let drawn: Promise<unknown> = Promise.resolve();
  return {
    ...frame,
    start: async (plan: Plan) => {
      lanes = new Map(plan.units.map((unit) => [unit.id, laneOf(unit)]));
      drawn = draw([...lanes.values()]);
    },
    event: (event) => {
      const lane = 'unit' in event ? lanes.get(event.unit) : undefined;
      if (lane && 'unit' in event) return show(lane, event);
      const text = rollbackText(event);
      if (text) options.err(`${text}\n`);
    },
    finish: async (plan, outcome) => {
      await drawn;
      await frame.finish(plan, outcome);
    },
  };
}

function laneOf(unit: Unit): Lane {
  let end: Lane['end'] = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  // a unit may end before the list asks for it
  ended.catch(() => {});
  return { unit, title: unit.address, end, ended };
}

function draw(lanes: Lane[]): Promise<unknown> {
  const tasks = lanes.map((lane) => ({
    title: lane.title,
    task: (_context: unknown, task: Task) => {
      lane.task = task;
      task.title = lane.title;
      return lane.ended;
    },
  }));
  const processOutput = new ProcessOutput(process.stderr, process.stderr);
  return new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    // we handle signals ourselves: the current step is finished first
    registerSignalListeners: false,
    fallbackRendererCondition: false,
    rendererOptions: {
      collapseErrors: false,
      showErrorMessage: false,
      logger: new ListrLogger({ processOutput, useIcons: false }),
    },
  }).run();
}

function show(lane: Lane, event: Extract<Event, { unit: string }>): void {
  const text = sentence(event);
  if (text) lane.title = text;
  if (lane.task) {
    lane.task.title = lane.title;
    if (event.type === 'step-started') lane.task.output = event.verb;
  }
  if (event.type === 'unit-skipped') lane.task?.skip(lane.title);
  if (event.type === 'unit-done' || event.type === 'unit-skipped') lane.end();
  else if (event.type === 'unit-failed') lane.end(new Error(text));
}
