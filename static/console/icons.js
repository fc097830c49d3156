// Line icons on a 16 px grid, drawn here so that nothing is fetched.

const PATHS = {
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  check: 'M3 8.5l3.5 3.5L13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  cog: 'M8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zM8 3.6a4.4 4.4 0 1 0 0 8.8 4.4 4.4 0 0 0 0-8.8zM12.40 8.00L14.30 8.00M11.11 11.11L12.45 12.45M8.00 12.40L8.00 14.30M4.89 11.11L3.55 12.45M3.60 8.00L1.70 8.00M4.89 4.89L3.55 3.55M8.00 3.60L8.00 1.70M11.11 4.89L12.45 3.55',
  warn: 'M8 2.2L14.4 13.4H1.6zM8 6.5v3.2M8 11.4v.2',
  info: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 7.2v4M8 4.8v.2',
  plus: 'M8 3v10M3 8h10',
  back: 'M9.5 3.5L5 8l4.5 4.5',
  next: 'M6.5 3.5L11 8l-4.5 4.5',
  key: 'M5.5 7.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM7.7 8.4L13.5 2.5M11 5l2 2M9.3 6.7l1.2 1.2',
};

const SVG = 'http://www.w3.org/2000/svg';

/** A decoration beside text, or beside a button's own label: always hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [key, value] of Object.entries({
    class: 'icon', viewBox: '0 0 16 16', fill: 'none', stroke: 'currentColor', 'stroke-width': '1.5',
    'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true',
  })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}
