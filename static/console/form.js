// Forms: a label, a hint and an error per field; what the server refuses stands beside its field.
import { fill, h, id } from './dom.js';
import { icon } from './icons.js';

/** One labelled control. `control` is an input unless given. */
export function field({ name, label, hint, control, ...attributes }) {
  const fieldId = id(name);
  const hintId = hint ? `${fieldId}-hint` : null;
  const errorId = `${fieldId}-error`;
  const input = control ?? h('input', { type: 'text', ...attributes });
  input.id = fieldId;
  input.name = name;
  if (!input.hasAttribute('autocomplete')) input.setAttribute('autocomplete', 'off');
  input.setAttribute('aria-describedby', [hintId, errorId].filter(Boolean).join(' '));
  return h('div', { class: 'field' },
    h('label', { for: fieldId }, label),
    hint && h('span', { class: 'hint', id: hintId }, hint),
    input,
    h('span', { class: 'error', id: errorId }));
}

export function select(options, value) {
  return h('select', options.map(([key, text]) => h('option', { value: key, selected: key === value }, text)));
}

/**
 * A form that saves with `send(values)`. `data-missing` on a required control says what to type.
 * Buttons: `submit` and further nodes in `actions`.
 */
export function form({ fields, submit, danger = false, primary = true, actions = [], send }) {
  const failure = h('span', { class: 'error', role: 'alert' });
  const button = h('button', { type: 'submit', class: `${primary ? 'primary' : ''}${danger ? ' danger' : ''}`.trim() || null }, submit);
  const element = h('form', { novalidate: true }, fields, failure, h('div', { class: 'actions' }, button, actions));
  element.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    clear(element, failure);
    if (!complete(element)) return;
    busy(button, true);
    try {
      await send(Object.fromEntries(new FormData(element)), element);
    } catch (error) {
      if (error.name === 'AbortError') return;
      show(element, failure, error);
    } finally {
      busy(button, false);
    }
  });
  return element;
}

/** Puts `message` beside the control and takes the focus there. */
export function refuse(control, message) {
  const error = document.getElementById(`${control.id}-error`);
  control.setAttribute('aria-invalid', 'true');
  if (error) fill(error, message);
  control.focus();
}

function complete(element) {
  for (const control of element.elements) {
    const usable = control.required && !control.disabled && !control.closest('[hidden]');
    if (usable && !String(control.value).trim()) {
      refuse(control, control.dataset.missing ?? 'This is needed.');
      return false;
    }
  }
  return true;
}

function show(element, failure, error) {
  const named = error.field && [...element.elements].find((control) => control.name === error.field && !control.closest('[hidden]'));
  if (named) {
    refuse(named, error.message);
    return;
  }
  fill(failure, icon('warn'), h('span', error.message, error.reference && ` Reference ${error.reference}.`));
}

function clear(element, failure) {
  failure.replaceChildren();
  for (const control of element.querySelectorAll('[aria-invalid]')) {
    control.removeAttribute('aria-invalid');
    document.getElementById(`${control.id}-error`)?.replaceChildren();
  }
}

function busy(button, on) {
  button.disabled = on;
  button.setAttribute('aria-busy', String(on));
}
