import type { Group } from './group.ts';
import type { Summary } from './summary.ts';

const WIDTH = 800;
const BARS_X = 210;
const BARS_WIDTH = 520;
const ROW_HEIGHT = 20;
const TITLE =
  'CPU time of a request beyond the bare endpoint, in microseconds (dark: this package)';
const OTHERS = /^(?:pass-through|by hand|express-)|alone$/;

// Of a middle tone, because a page does not tell its pictures whether it is light or dark.
const STYLE = `<style>
  text { font: 13px system-ui, sans-serif; fill: #77818c; }
  .heading { font-weight: 600; }
  .label { text-anchor: end; }
  rect { fill: #3b7ddd; }
  .other { fill: #9dbfea; }
  line { stroke: #77818c; stroke-width: 2; }
</style>`;

/** Draws the differences of each group as bars with their intervals, as an SVG document. */
export function drawPlot(results: ReadonlyMap<Group, Summary>): string {
  const groups = Array.from(
    results,
    ([{ name }, { rows }]) => [name, rows.filter((row) => row.name !== 'bare')] as const,
  );
  const scale =
    BARS_WIDTH / Math.max(...groups.flatMap(([, rows]) => rows.map((row) => row.overBare.high)));
  let y = ROW_HEIGHT;
  const next = () => (y += ROW_HEIGHT);

  const marks = groups.flatMap(([group, rows]) => [
    `<text class="heading" x="16" y="${next() + 14}">${group}</text>`,
    ...rows.flatMap(({ name, overBare: { median, low, high } }) => {
      const top = next();
      const [end, from, to] = [median, low, high].map((value) =>
        (BARS_X + Math.max(0, value) * scale).toFixed(1),
      );
      return [
        `<text class="label" x="${BARS_X - 8}" y="${top + 14}">${name}</text>`,
        `<rect${OTHERS.test(name) ? ' class="other"' : ''} x="${BARS_X}" y="${top + 3}" width="${Number(end) - BARS_X}" height="14"/>`,
        `<line x1="${from}" x2="${to}" y1="${top + 10}" y2="${top + 10}"/>`,
        `<text x="${Number(to) + 6}" y="${top + 14}">${median.toFixed(0)}</text>`,
      ];
    }),
  ]);

  const height = y + 2 * ROW_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${TITLE}">`,
    STYLE,
    `<text class="heading" x="16" y="20">${TITLE}</text>`,
    ...marks,
    '</svg>\n',
  ].join('\n');
}
