/**
 * Builds elements. Text goes in as text nodes alone: nothing in this page ever parses HTML, and the content security
 * policy (Trusted Types) makes the browser refuse it.
 */

const NAMESPACE = 'http://www.w3.org/2000/svg';

/**
 * An element.
 *
 * @param {string} tag
 * @param {?Object} attributes `class`, any attribute, or `onclick` and the like with a function. A null, undefined or
 *     false value leaves the attribute out, true gives an empty one.
 * @param {...(Node|string|number|null|undefined|Array)} children null and undefined are passed over
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) {
      append(element, child);
    } else if (child !== null && child !== undefined) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/** Takes what an element holds out of it and puts the given children in. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** One of the page's icons, which say nothing that no text beside them says. */
export function icon(path) {
  const svg = document.createElementNS(NAMESPACE, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(NAMESPACE, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export const CHEVRON = 'M6 4l4 4-4 4';

/** Says something to screen readers without moving the focus. */
export function announce(text) {
  document.getElementById('status').textContent = text;
}

/** A path of this page with its query; parameters without a value are left out. */
export function path(name, parameters) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== '') {
        query.append(key, one);
      }
    }
  }
  const text = query.toString();
  return text === '' ? name : name + '?' + text;
}

/** A button that copies a text, where the browser lets it. */
export function copyButton(text, label) {
  const button = h('button', {type: 'button', class: 'quiet small', 'aria-label': label}, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'function' ? text() : text);
      button.textContent = 'Copied';
      announce('Copied');
    } catch {
      button.textContent = 'Not allowed';
    }
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
  return button;
}
