// A part of a page that is read on its own: the page stands at once, and where one part is refused
// or broken the others are still there.
import { fill, h } from './dom.js';
import { notice } from './show.js';

/**
 * `place`, which fills itself with what `load` resolves to; `again()` on it loads once more.
 */
export function part(load, place = h('div', { class: 'part' })) {
  fill(place, h('p', { class: 'muted' }, 'Loading…'));
  place.again = async () => {
    place.setAttribute('aria-busy', 'true');
    try {
      fill(place, await load());
    } catch (error) {
      if (error.name === 'AbortError' || error.status === 401) return;
      fill(place, notice('bad', h('p', error.message), error.reference && h('p', 'Reference ', h('code', error.reference))),
        h('div', { class: 'actions' }, h('button', { type: 'button', on: { click: place.again } }, 'Try again')));
    }
    place.removeAttribute('aria-busy');
  };
  place.again();
  return place;
}
