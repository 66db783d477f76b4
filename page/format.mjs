// Knows: how numbers are formatted.

export function ms(value) {
  if (value === undefined || value === null) return '–';
  if (value >= 1_000) return `${(value / 1_000).toFixed(value >= 10_000 ? 1 : 2)} s`;
  if (value >= 100) return `${Math.round(value)} ms`;
  return `${value.toFixed(value >= 10 ? 1 : 2)} ms`;
}

export function percent(ratio) {
  if (ratio === undefined || ratio === null) return '–';
  const value = ratio * 100;
  // 99.97 % must not show as 100 %, nor one in a thousand as 0 %.
  const rounded = value > 0 && value < 100 ? Math.min(99.9, Math.max(0.1, value)) : value;
  return `${rounded.toFixed(rounded === 0 || rounded === 100 ? 0 : 1)} %`;
}

export function count(value) {
  return value.toLocaleString('en', { maximumFractionDigits: 0 });
}

export function rate(value) {
  if (value >= 100) return count(value);
  return value === 0 ? '0' : value.toFixed(1);
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

export function ago(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  return seconds < 3_600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3_600)} h ago`;
}

/** The largest 1, 2 or 5 times a power of ten that fits at least `least` times into `value`. */
export function roundStep(value, least) {
  const power = 10 ** Math.floor(Math.log10(value / least));
  return [5, 2, 1].map((digit) => digit * power).find((step) => value / step >= least);
}

export function clock(epochMs) {
  return new Date(epochMs).toLocaleTimeString('en-GB');
}
