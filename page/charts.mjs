// Knows: numbers as small pictures. Must not know: what the numbers are.
import { h, setAttribute, svg } from './dom.mjs';

const WIDTH = 150;
const HEIGHT = 30;

/**
 * A line over the window, with the area below it. `top` is the highest possible value; default: the highest value
 * shown.
 */
export function course({ top, tone = 'accent' } = {}) {
  const area = svg('path', { class: 'area' });
  const line = svg('path', { class: 'line', 'vector-effect': 'non-scaling-stroke' });
  const element = svg(
    'svg',
    { class: `course ${tone}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' },
    area,
    line,
  );
  return {
    element,
    update(values, label) {
      const most = top ?? Math.max(1e-9, ...values.map((value) => value ?? 0));
      const runs = runsOf(values).map((run) => run.map(([index, value]) => [(index / (values.length - 1)) * WIDTH, y(value, most)]));
      setAttribute(line, 'd', runs.map((run) => `M${run.map(point).join('L')}${run.length === 1 ? 'h0.01' : ''}`).join(''));
      setAttribute(area, 'd', runs.map(below).join(''));
      setAttribute(element, 'aria-label', label);
    },
  };
}

function y(value, most) {
  return HEIGHT - 2 - (value / most) * (HEIGHT - 4);
}

function point([x, height]) {
  return `${x.toFixed(1)} ${height.toFixed(1)}`;
}

function below(run) {
  const [first] = run;
  return `M${first[0].toFixed(1)} ${HEIGHT}L${run.map(point).join('L')}L${run.at(-1)[0].toFixed(1)} ${HEIGHT}Z`;
}

/** The line has a gap where nothing was measured. */
function runsOf(values) {
  const runs = [];
  let open = false;
  values.forEach((value, index) => {
    const isThere = value !== null && value !== undefined;
    if (isThere && !open) runs.push([]);
    if (isThere) runs.at(-1).push([index, value]);
    open = isThere;
  });
  return runs;
}

/** p50, p95 and p99 on a logarithmic scale from `least` to `most`. */
export function range() {
  const bar = h('span', { class: 'between' });
  const marks = ['p50', 'p95', 'p99'].map((name) => h('span', { class: `dot ${name}` }));
  const element = h('div', { class: 'range', role: 'img' }, bar, ...marks);
  return {
    element,
    update(values, scale, label) {
      const isKnown = scale !== undefined && values.every((value) => value !== undefined);
      element.classList.toggle('none', !isKnown);
      setAttribute(element, 'aria-label', label);
      if (!isKnown) return;
      const places = values.map((value) => placeOn(scale, value));
      bar.style.left = `${places[0]}%`;
      bar.style.width = `${places[2] - places[0]}%`;
      marks.forEach((mark, index) => {
        mark.style.left = `${places[index]}%`;
      });
    },
  };
}

function placeOn({ least, most }, value) {
  return 100 * Math.min(1, Math.max(0, Math.log(value / least) / Math.log(most / least)));
}
