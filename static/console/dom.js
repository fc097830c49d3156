// Elements from plain values. Text only ever goes in through textContent, so nothing that a person
// or an identity provider named can become markup.

/**
 * h('p', {class: 'hint'}, 'Hello ', h('strong', name)). Attributes: `on: {click}` adds listeners,
 * `true` is an empty attribute, null, undefined and false leave it out.
 */
export function h(name, ...rest) {
  const element = document.createElement(name);
  const [first] = rest;
  if (isAttributes(first)) {
    for (const [key, value] of Object.entries(first)) set(element, key, value);
    rest.shift();
  }
  append(element, rest);
  return element;
}

/** What is in `parent` becomes `children`. */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
  return parent;
}

let lastId = 0;
/** An id for label and aria-describedby, unique in this page. */
export function id(stem) {
  lastId += 1;
  return `${stem}-${lastId}`;
}

/** Tells a screen reader what has just happened. */
export function say(text) {
  const said = document.getElementById('said');
  if (said) said.textContent = text;
}

function isAttributes(value) {
  return value !== null && typeof value === 'object' && !(value instanceof Node) && !Array.isArray(value);
}

function set(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key === 'on') {
    for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  } else if (key === 'value') {
    element.value = value;
  } else {
    element.setAttribute(key, value === true ? '' : String(value));
  }
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}
