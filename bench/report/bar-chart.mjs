const WIDTH = 760;
const LABELS = 300;
const BAR = 22;
const GAP = 8;
const TOP = 44;

/** Horizontal bars as SVG: readable without colour, on a light and on a dark page. */
export function barChart(title, rows, { value, unit, logarithmic = false }) {
  const shown = rows.filter((row) => typeof row[value] === 'number');
  const scale = (figure) => (logarithmic ? Math.log10(Math.max(0, figure) + 1) : Math.max(0, figure));
  const most = Math.max(...shown.map((row) => scale(row[value])), Number.MIN_VALUE);
  const space = WIDTH - LABELS - 110;
  const bars = shown.map((row, at) => {
    const y = TOP + at * (BAR + GAP);
    const width = Math.max(2, (scale(row[value]) / most) * space);
    const text = `${row[value].toLocaleString('en')}${unit === '' ? '' : ` ${unit}`}`;
    return [
      `<text x="${LABELS - 10}" y="${y + 16}" text-anchor="end" class="${row.role}">${escapeXml(row.name)}</text>`,
      `<rect x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" class="${row.role}"/>`,
      `<text x="${(LABELS + width + 8).toFixed(1)}" y="${y + 16}" class="${row.role}">${escapeXml(text)}</text>`,
    ].join('\n');
  });
  const height = TOP + shown.length * (BAR + GAP) + 10;
  const axis = `${value}${logarithmic ? ', logarithmic scale' : ''}; less is better`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f; }
text.ours { font-weight: 700; }
.axis { font-size: 11px; fill: #57606a; }
rect.peer, rect.floor { fill: #9aa4b0; }
rect.ours { fill: #1a7f4b; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .axis { fill: #9198a1; } rect.peer, rect.floor { fill: #6e7681; } rect.ours { fill: #3fb96f; }
}
</style>
<text x="0" y="16">${escapeXml(title)}</text>
<text x="0" y="33" class="axis">${escapeXml(axis)}</text>
${bars.join('\n')}
</svg>
`;
}

function escapeXml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
