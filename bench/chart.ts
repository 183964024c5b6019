const WIDTH = 800;
const BARS_X = 200;
const BARS_WIDTH = 540;
const ROWS_Y = 72;
const BAR_HEIGHT = 16;
const GAP = 14;

// Of a middle tone, because a page does not tell its pictures whether it is light or dark.
const STYLE = `<style>
  text { font: 13px system-ui, sans-serif; fill: #77818c; }
  .title { font-size: 16px; font-weight: 600; }
  .emphasized { font-weight: 700; }
  .series-0 { fill: #3b7ddd; }
  .series-1 { fill: #8db2e8; }
</style>`;

export interface ChartRow {
  readonly label: string;
  readonly isEmphasized: boolean;
  /** One of each series. */
  readonly values: readonly number[];
}

export interface Chart {
  readonly title: string;
  readonly series: readonly string[];
  readonly rows: readonly ChartRow[];
}

/** Draws horizontal bars as an SVG document. */
export function drawChart({ title, series, rows }: Chart): string {
  const scale = BARS_WIDTH / Math.max(...rows.flatMap(({ values }) => values));
  const rowHeight = series.length * BAR_HEIGHT + GAP;
  const height = ROWS_Y + rows.length * rowHeight;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">`,
    STYLE,
    text(title, { x: 16, y: 26, class: 'title' }),
    ...series.flatMap(drawKey),
    ...rows.flatMap((row, index) => drawRow(row, ROWS_Y + index * rowHeight, scale)),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

type Attributes = Readonly<Record<string, string | number>>;

function attributesOf(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join('');
}

function text(content: string, attributes: Attributes): string {
  return `<text${attributesOf(attributes)}>${content}</text>`;
}

function rectangle(attributes: Attributes): string {
  return `<rect${attributesOf({ rx: 2, ...attributes })}/>`;
}

function drawKey(name: string, index: number): string[] {
  const x = BARS_X + index * 90;
  return [
    rectangle({ x, y: 42, width: 12, height: 12, class: `series-${index}` }),
    text(name, { x: x + 18, y: 53 }),
  ];
}

function drawRow({ label, isEmphasized, values }: ChartRow, y: number, scale: number): string[] {
  const middle = y + (values.length * BAR_HEIGHT) / 2;
  const bars = values.flatMap((value, index) => {
    const top = y + index * BAR_HEIGHT;
    const width = Math.round(value * scale);
    return [
      rectangle({ x: BARS_X, y: top, width, height: BAR_HEIGHT - 1, class: `series-${index}` }),
      text(value.toFixed(0), { x: BARS_X + width + 6, y: top + 12 }),
    ];
  });
  const name = { x: BARS_X - 10, y: middle + 4, 'text-anchor': 'end' };
  return [text(label, isEmphasized ? { ...name, class: 'emphasized' } : name), ...bars];
}
