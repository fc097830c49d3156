// Light, dark, or as the system says. The choice stays in this browser; tokens.css does the rest.
// Loaded with blocking="render", so that a page never flashes in the other scheme.

const KEY = 'portcullis-theme';
const CHOICES = ['system', 'light', 'dark'];

export function choice() {
  const kept = read();
  return CHOICES.includes(kept) ? kept : 'system';
}

export function choose(next) {
  try {
    if (next === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // Storage can be forbidden; the choice then holds for this page only.
  }
  apply(next);
}

/** A button that goes system, light, dark, system. */
export function wire(button) {
  const label = () => {
    const name = { system: 'System', light: 'Light', dark: 'Dark' }[current];
    button.replaceChildren(halfMoon(), Object.assign(document.createElement('span'), { textContent: name }));
    button.setAttribute('aria-label', `Colours: ${name}. Change`);
    button.title = 'Colours: system, light or dark';
  };
  let current = choice();
  label();
  button.classList.add('ready');
  button.addEventListener('click', () => {
    current = CHOICES[(CHOICES.indexOf(current) + 1) % CHOICES.length];
    choose(current);
    label();
  });
}

/** A disc, half of it dark. */
function halfMoon() {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('fill', 'currentColor');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zm0 1.4v9.2a4.6 4.6 0 0 1 0-9.2z');
  path.setAttribute('fill-rule', 'evenodd');
  svg.append(path);
  return svg;
}

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function apply(value) {
  if (value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
}

apply(choice());
