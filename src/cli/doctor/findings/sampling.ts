// Knows: causes why a sampler or an option leaves no span.
// Must not know: where spans go.
import { setting, withoutOption } from '../advice';
import { commandsBy, configFile, type Evidence, optionOf, refusedIn, spansOf, variable } from '../evidence';
import { type Finding, note, problem, type Row } from '../finding';

export const SAMPLING: readonly Row[] = [
  {
    id: 'sampling-off',
    look: (evidence) => {
      const { made, dropped } = spansOf(evidence);
      if (made > 0 || ratioOf(evidence) !== undefined) return undefined;
      if (dropped === 0 && !(keepsNone(evidence) && refusedIn(evidence, 'parent-unsampled') > 0)) return undefined;
      return problem(`Every span was dropped by the sampler${named(evidence)}.`, samplerRemedy(evidence));
    },
  },
  {
    id: 'parents-unsampled',
    look: (evidence) => {
      if (ratioOf(evidence) !== undefined || keepsNone(evidence)) return undefined;
      if (refusedIn(evidence, 'parent-unsampled') === 0) return undefined;
      const text = 'All commands ran below spans that the sampler dropped, so they have none either';
      return problem(`${text}: it is ${evidence.own?.provider?.sampler || 'one of the SDK'}.`, samplerRemedy(evidence));
    },
  },
  {
    id: 'sampling-ratio',
    look: (evidence) => {
      const ratio = ratioOf(evidence);
      if (ratio === undefined) return undefined;
      return note(
        `The sampler keeps ${ratio * 100} % of all traces; commands in the others have no span, as intended.`,
      );
    },
  },
  refused('require-parent', 'no-parent', (evidence) =>
    problem(
      'requireParentSpan leaves out commands without a parent span, and no command had one.',
      withoutOption(evidence, 'requireParentSpan'),
    ),
  ),
  refused('suppressed', 'suppressed', () =>
    problem('All commands ran where the program suppresses tracing.', {
      advice: 'call Redis outside of suppressTracing()',
    }),
  ),
  refused('ignored', 'ignored', (evidence) => {
    const names = commandsBy('redis', evidence).flatMap((seen) => seen.names);
    const text = `ignoreCommands leaves out every command that was sent: ${names.join(', ')}.`;
    return problem(text, withoutOption(evidence, 'ignoreCommands'));
  }),
  {
    id: 'minimum-duration',
    look: (evidence) => {
      const { own } = evidence;
      if (own === undefined || own.commands.ended === 0 || own.spans.made + own.spans.dropped > 0) return undefined;
      const least = optionOf(evidence, 'minDurationMs');
      if (least === undefined) return undefined;
      return problem(
        `minDurationMs leaves out what is faster than ${least} ms, and every command was.`,
        withoutOption(evidence, 'minDurationMs'),
      );
    },
  },
];

/** A row for calls that the instrumentation left out for one reason. */
function refused(id: string, reason: string, found: (evidence: Evidence) => Finding): Row {
  return { id, look: (evidence) => (refusedIn(evidence, reason) === 0 ? undefined : found(evidence)) };
}

/** undefined: the sampler keeps all spans, or none, or is of another kind. */
export function ratioOf({ own }: Evidence): number | undefined {
  const ratio = Number(/TraceIdRatioBased\{([\d.e-]+)\}/.exec(own?.provider?.sampler ?? '')?.[1]);
  return ratio > 0 && ratio < 1 ? ratio : undefined;
}

/** Whether the sampler drops whatever has no parent, and so all below it. */
function keepsNone({ own }: Evidence): boolean {
  return /^(?:ParentBased\{root=)?(?:AlwaysOffSampler|TraceIdRatioBased\{0\})/.test(own?.provider?.sampler ?? '');
}

function named({ own }: Evidence): string {
  const sampler = own?.provider?.sampler;
  return sampler ? `, ${sampler}` : '';
}

const SAMPLER = 'OTEL_TRACES_SAMPLER';

function samplerRemedy(evidence: Evidence) {
  const file = configFile(evidence);
  if (file !== undefined) return { advice: `set another sampler in ${file}, or in code if it was given there` };
  const value = variable(evidence, SAMPLER);
  const isByEnvironment =
    value?.endsWith('always_off') ||
    (value?.endsWith('traceidratio') && Number(variable(evidence, `${SAMPLER}_ARG`)) === 0);
  if (isByEnvironment) return { change: setting(SAMPLER, 'parentbased_always_on', evidence) };
  return { advice: 'it was set in code: use another sampler there' };
}
