// Taking the whole audit log away. The server answers in parts; here they become one file.
import { Problem } from './api.js';
import { h, say } from './dom.js';
import { plural } from './show.js';

const FORMATS = [['jsonl', 'JSON lines'], ['cef', 'CEF'], ['ocsf', 'OCSF']];

export function exports(page, path, name) {
  const progress = h('span', { class: 'muted', role: 'status' });
  return h('div', { class: 'actions', role: 'group', 'aria-label': 'Export' }, progress, h('span', { class: 'muted' }, 'Export'),
    FORMATS.map(([format, text]) => h('a', {
      class: 'button', href: `${path}?format=${format}`, download: true,
      on: { click: (event) => { event.preventDefault(); save(page, event.currentTarget.href, `${name}.${format === 'cef' ? 'cef' : 'jsonl'}`, progress); } },
    }, text)));
}

/** Hands `parts` to the browser as one file. */
export function saveAs(name, parts) {
  const url = URL.createObjectURL(new Blob(parts));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function save(page, address, name, progress) {
  const parts = [];
  let lines = 0;
  try {
    for (let next = address; next;) {
      const answer = await fetch(next, { credentials: 'same-origin', signal: page.signal });
      if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
      const text = await answer.text();
      parts.push(text);
      lines += text.split('\n').length - 1;
      progress.textContent = `${plural(lines, 'line')}…`;
      const link = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get('Link') ?? '')?.[1];
      next = link && new URL(link, location.href).href;
    }
  } catch (error) {
    if (error.name !== 'AbortError') progress.textContent = error.message;
    return;
  }
  saveAs(name, parts);
  progress.textContent = plural(lines, 'line');
  say(`${plural(lines, 'line')} exported`);
}
