/** Rows of one height in a box that scrolls: only those that can be seen, and some around them, are in the page. */

import {h} from './dom.js';

const AROUND = 12;

export class VirtualRows {
  #box;
  #space;
  #height;
  #render;
  #count = 0;
  #rows = new Map();
  #frame = 0;

  /**
   * @param {HTMLElement} box what scrolls
   * @param {number} height of a row in CSS pixels
   * @param {function(number): HTMLElement} render makes the row of an index
   * @param {string} role of the element around the rows
   */
  constructor(box, height, render, role = 'presentation') {
    this.#box = box;
    this.#height = height;
    this.#render = render;
    this.#space = h('div', {class: 'virtual', role});
    box.append(this.#space);
    box.addEventListener('scroll', () => this.#soon(), {passive: true});
    new ResizeObserver(() => this.#soon()).observe(box);
  }

  /** Shows so many rows, all made anew. */
  reset(count) {
    this.#count = count;
    this.#space.style.height = count * this.#height + 'px';
    this.refresh();
  }

  /** Makes the rows that are shown anew. */
  refresh() {
    this.#rows.forEach(row => row.remove());
    this.#rows.clear();
    this.#draw();
  }

  /** Scrolls no further than is needed for a row to be seen. */
  reveal(index) {
    const top = index * this.#height;
    const room = this.#box.clientHeight;
    if (top < this.#box.scrollTop) {
      this.#box.scrollTop = top;
    } else if (top + this.#height > this.#box.scrollTop + room) {
      this.#box.scrollTop = top + this.#height - room;
    }
    this.#draw();
  }

  /** How many rows fit into the box. */
  get page() {
    return Math.max(1, Math.floor(this.#box.clientHeight / this.#height));
  }

  #soon() {
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#draw();
      });
    }
  }

  #draw() {
    const from = Math.max(0, Math.floor(this.#box.scrollTop / this.#height) - AROUND);
    const to = Math.min(
      this.#count,
      Math.ceil((this.#box.scrollTop + this.#box.clientHeight) / this.#height) + AROUND,
    );
    for (const [index, row] of this.#rows) {
      if (index < from || index >= to) {
        row.remove();
        this.#rows.delete(index);
      }
    }
    // From the last to the first, so that the order of the elements is that of the rows.
    let next = null;
    for (let index = to - 1; index >= from; index--) {
      let row = this.#rows.get(index);
      if (row === undefined) {
        row = this.#render(index);
        row.style.transform = `translateY(${index * this.#height}px)`;
        this.#rows.set(index, row);
        this.#space.insertBefore(row, next);
      }
      next = row;
    }
  }
}
