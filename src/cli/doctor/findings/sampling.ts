// Knows: ways in which a sampler or an option leaves no span.
// Must not know: where spans go.
import { commandsBy, type Evidence, isMute, optionOf, spansOf, variableOf } from '../evidence';
import { note, problem, type Row } from '../finding';

export const SAMPLING: readonly Row[] = [
  {
    id: 'sampling-off',
    look: (evidence) => {
      const { made, dropped } = spansOf(evidence);
      if (!isOff(evidence) && (made > 0 || dropped === 0 || ratioOf(evidence) !== undefined)) return undefined;
      return problem(`Every span is dropped by the sampler, ${evidence.sdk?.sampler || 'one of the SDK'}.`, samplerLine(evidence));
    },
  },
  {
    id: 'parents-unsampled',
    look: (evidence) => {
      if (isOff(evidence) || ratioOf(evidence) !== undefined || !isMute(evidence)) return undefined;
      const others = Object.values(evidence.scopes);
      if (others.length === 0 || others.some(({ made }) => made > 0)) return undefined;
      return problem('All commands ran below spans that the sampler dropped, so they have none either.', samplerLine(evidence));
    },
  },
  {
    id: 'sampling-ratio',
    look: (evidence) => {
      const ratio = ratioOf(evidence);
      if (ratio === undefined) return undefined;
      return note(`The sampler keeps ${ratio * 100} % of all traces; commands in the others are meant to have no span.`);
    },
  },
  {
    id: 'require-parent',
    look: (evidence) => {
      if (!isMute(evidence) || !['true', '1'].includes(optionOf(evidence, 'requireParentSpan')?.toLowerCase() ?? '')) return undefined;
      return problem(
        'requireParentSpan leaves out commands without a parent span, and no command had one.',
        unset(evidence, 'requireParentSpan'),
      );
    },
  },
  {
    id: 'ignored',
    look: (evidence) => {
      const ignored = optionOf(evidence, 'ignoreCommands');
      if (!isMute(evidence) || ignored === undefined) return undefined;
      const names = commandsBy('redis', evidence).flatMap((seen) => seen.names);
      return problem(`ignoreCommands leaves out every command that was sent: ${names.join(', ')}.`, unset(evidence, 'ignoreCommands'));
    },
  },
  {
    id: 'minimum-duration',
    look: (evidence) => {
      const least = Number(optionOf(evidence, 'minDurationMs'));
      if (!isMute(evidence) || !(least > 0)) return undefined;
      return problem(`minDurationMs leaves out what is faster than ${least} ms, and every command was.`, unset(evidence, 'minDurationMs'));
    },
  },
];

function isOff({ sdk }: Evidence): boolean {
  return /^(ParentBased\{root=)?(AlwaysOff|TraceIdRatioBased\{0\})/.test(sdk?.sampler ?? '');
}

/** undefined: the sampler keeps all, or none, or is of another kind. */
export function ratioOf({ sdk }: Evidence): number | undefined {
  const ratio = Number(/TraceIdRatioBased\{([\d.e-]+)\}/.exec(sdk?.sampler ?? '')?.[1]);
  return ratio > 0 && ratio < 1 ? ratio : undefined;
}

function samplerLine({ environment }: Evidence): string {
  const isSet = environment.OTEL_TRACES_SAMPLER !== undefined;
  return isSet ? 'OTEL_TRACES_SAMPLER=parentbased_always_on' : 'give the SDK another sampler, or remove the one it was given';
}

function unset({ options }: Evidence, name: string): string {
  return options[name] === undefined ? `unset ${variableOf(name)}` : `remove the option ${name}`;
}
