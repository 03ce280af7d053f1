/** One trace: its timeline, its conversation, a search through both, and the span that is chosen. */

import * as api from './api.js';
import {CHEVRON, announce, copyButton, fill, h, icon, path} from './dom.js';
import {counted, duration, grouped, time, words} from './format.js';
import {hasConversation} from './messages.js';
import {conversationView} from './conversation.js';
import {family, status, usageFacts} from './parts.js';
import {spanPanel} from './span.js';
import {buildTree, matches, visible} from './tree.js';
import {VirtualRows} from './virtual.js';

const ROW = 28;
const MAX_INDENT = 16;
const TICKS = 4;
const SEARCH_MILLIS = 250;

export function title(parameters) {
  return `Trace ${(parameters.get('id') ?? '').slice(0, 8)}`;
}

export async function show(main, parameters, context) {
  const traceId = parameters.get('id') ?? '';
  const {spans} = await api.trace(traceId, context.signal);
  const tree = buildTree(spans);
  const head = tree.roots.find(node => node.lost === null) ?? tree.nodes[0];
  document.title = `${head.span.name} · Tracekeep`;
  const state = {
    view: parameters.get('view') === 'conversation' && hasConversation(spans) ? 'conversation' : 'timeline',
    span: parameters.get('span'),
  };
  const address = () =>
    path('/trace', {id: traceId, span: state.span, view: state.view === 'timeline' ? null : state.view});

  const panel = h('aside', {class: 'panel', 'aria-label': 'Span', hidden: true});
  const content = h('div', {class: 'content'});
  const timeline = new Timeline(tree, traceId, context, node => choose(node));
  let conversation = null;

  const choose = node => {
    state.span = node === null ? null : node.span.spanId;
    context.replace(address());
    timeline.select(node);
    panel.hidden = node === null;
    if (node === null) {
      timeline.focus();
    } else {
      spanPanel(panel, traceId, node, tree, context, {
        close: () => choose(null),
        choose: other => choose(other),
      });
    }
  };

  const tabs = h('div', {class: 'tabs', role: 'tablist', 'aria-label': 'Views of the trace'});
  const draw = () => {
    fill(
      tabs,
      [
        ['timeline', 'Timeline'],
        ['conversation', 'Conversation'],
      ]
        .filter(([name]) => name === 'timeline' || hasConversation(spans))
        .map(([name, label]) => {
          const isSelected = state.view === name;
          return h(
            'button',
            {
              type: 'button',
              role: 'tab',
              id: `tab-${name}`,
              'aria-selected': String(isSelected),
              'aria-controls': 'trace-view',
              tabindex: isSelected ? '0' : '-1',
              onclick: () => turnTo(name),
            },
            label,
          );
        }),
    );
    content.setAttribute('aria-labelledby', `tab-${state.view}`);
    if (state.view === 'timeline') {
      fill(content, timeline.element);
      timeline.refresh();
    } else {
      conversation ??= conversationView(traceId, tree, context, choose);
      fill(content, conversation);
    }
  };
  const turnTo = view => {
    state.view = view;
    context.replace(address());
    draw();
    document.getElementById(`tab-${view}`).focus();
  };
  tabs.addEventListener('keydown', event => {
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      turnTo(state.view === 'timeline' && hasConversation(spans) ? 'conversation' : 'timeline');
      event.preventDefault();
    }
  });
  content.id = 'trace-view';
  content.setAttribute('role', 'tabpanel');

  fill(main, header(traceId, head, tree, context), tabs, h('div', {class: 'split'}, content, panel));
  draw();
  const chosen = tree.byId.get(state.span ?? '');
  if (chosen !== undefined) {
    choose(chosen);
    timeline.reveal(chosen);
  }

  const onTimeline = action => () => (state.view === 'timeline' ? action() : false);
  return {
    j: () => (state.view === 'timeline' ? timeline.move(1) : moveStep(content, 1)),
    k: () => (state.view === 'timeline' ? timeline.move(-1) : moveStep(content, -1)),
    Enter: onTimeline(() => timeline.open()),
    ArrowDown: onTimeline(() => timeline.onArrow(event => event.move(1))),
    ArrowUp: onTimeline(() => timeline.onArrow(event => event.move(-1))),
    ArrowLeft: onTimeline(() => timeline.onArrow(event => event.collapseOrParent())),
    ArrowRight: onTimeline(() => timeline.onArrow(event => event.expandOrChild())),
    PageDown: onTimeline(() => timeline.onArrow(event => event.move(event.rows.page))),
    PageUp: onTimeline(() => timeline.onArrow(event => event.move(-event.rows.page))),
    Home: onTimeline(() => timeline.onArrow(event => event.move(-Infinity))),
    End: onTimeline(() => timeline.onArrow(event => event.move(Infinity))),
    '/': () => {
      if (state.view !== 'timeline') {
        turnTo('timeline');
      }
      timeline.search.focus();
    },
    n: onTimeline(() => timeline.nextMatch(1)),
    p: onTimeline(() => timeline.nextMatch(-1)),
    e: onTimeline(() => timeline.nextError()),
    v: () => hasConversation(spans) && turnTo(state.view === 'timeline' ? 'conversation' : 'timeline'),
    Escape: () => {
      if (document.activeElement === timeline.search) {
        timeline.leaveSearch();
      } else if (!panel.hidden) {
        choose(null);
      }
    },
  };
}

function moveStep(content, by) {
  const steps = [...content.querySelectorAll('.step-head a')];
  const at = steps.indexOf(document.activeElement);
  steps[Math.max(0, Math.min(steps.length - 1, at + by))]?.focus();
}

function header(traceId, head, tree, context) {
  const count = name => tree.nodes.filter(node => node.span.status === name).length;
  const errors = count('error');
  const running = count('running');
  const orphans = tree.nodes.filter(node => node.lost === 'orphan').length;
  const services = [...new Set(tree.nodes.map(node => node.span.serviceName).filter(Boolean))];
  const fact = (label, ...value) => [h('dt', null, label), h('dd', null, value)];
  const save = h('button', {type: 'button', class: 'quiet'}, 'Download');
  save.addEventListener('click', async () => {
    save.disabled = true;
    try {
      const url = URL.createObjectURL(await api.download(traceId, context.signal));
      h('a', {href: url, download: `trace-${traceId.replace(/[^\w-]/g, '_')}.json`}).click();
      URL.revokeObjectURL(url);
      announce('The trace was downloaded');
    } catch (error) {
      save.textContent = error.message;
    } finally {
      save.disabled = false;
    }
  });
  const linked = (name, address, value) =>
    value === undefined ? null : fact(name, h('a', {href: path(address[0], {[address[1]]: value})}, value));
  return h(
    'header',
    {class: 'trace-head'},
    h(
      'div',
      {class: 'title'},
      h('h1', null, head.span.name === '' ? '(no name)' : head.span.name),
      status(head.span.status),
      head.lost === 'orphan' || head.lost === 'circle'
        ? h('span', {class: 'badge', title: 'No root of this trace is stored'}, 'no root')
        : null,
      h(
        'span',
        {class: 'end'},
        h('a', {class: 'button quiet', href: path('/compare', {left: traceId})}, 'Compare'),
        save,
      ),
    ),
    h(
      'dl',
      {class: 'facts-line'},
      fact('Duration', tree.line.length > 0 || running === 0 ? duration(tree.line.length) : 'running'),
      fact('Started', time(head.span.startedAt)),
      fact('Spans', grouped(tree.nodes.length)),
      errors > 0 ? fact('Errors', h('span', {class: 'bad'}, grouped(errors))) : null,
      running > 0 ? fact('Running', grouped(running)) : null,
      orphans > 0 ? fact('Orphans', h('span', {title: 'Their parent is not stored'}, grouped(orphans))) : null,
      usageFacts(tree.usage).length > 0 ? fact('Usage', usageFacts(tree.usage).join(' · ')) : null,
      services.length > 0
        ? fact(services.length === 1 ? 'Service' : 'Services', services.slice(0, 5).join(', '), services.length > 5 ? ' …' : '')
        : null,
      linked('User', ['/', 'user'], firstOf(tree, 'userId')),
      linked('Session', ['/session', 'id'], firstOf(tree, 'sessionId')),
      linked('Thread', ['/thread', 'id'], firstOf(tree, 'threadId')),
      fact('Trace', h('code', null, traceId), copyButton(traceId, 'Copy the id of the trace')),
    ),
  );
}

function firstOf(tree, name) {
  return tree.nodes.find(node => node.span[name] !== undefined)?.span[name];
}

/** The spans as a tree on a line of time. */
class Timeline {
  constructor(tree, traceId, context, choose) {
    this.tree = tree;
    this.traceId = traceId;
    this.context = context;
    this.choose = choose;
    this.collapsed = new Set();
    this.active = null;
    this.chosen = null;
    this.found = null;
    this.columns = new Map();
    this.critical = true;
    this.build();
    this.layOut();
  }

  build() {
    this.search = h('input', {
      type: 'search',
      'aria-label': 'Search in this trace: names, attributes, inputs and outputs',
      placeholder: 'Search in this trace',
      autocomplete: 'off',
      spellcheck: 'false',
    });
    this.result = h('span', {class: 'faint', role: 'status'});
    let timer = 0;
    this.search.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.find(this.search.value.trim()), SEARCH_MILLIS);
    });
    this.search.addEventListener('keydown', event => {
      if (event.key === 'Enter') {
        clearTimeout(timer);
        this.find(this.search.value.trim()).then(() => this.nextMatch(event.shiftKey ? -1 : 1));
        event.preventDefault();
      }
    });
    const errors = this.tree.nodes.filter(node => node.span.status === 'error').length;
    const critical = h('input', {type: 'checkbox', checked: true});
    critical.addEventListener('change', () => {
      this.critical = critical.checked;
      this.rows.refresh();
    });
    const toolbar = h(
      'div',
      {class: 'toolbar'},
      this.search,
      this.result,
      h(
        'span',
        {class: 'end'},
        h('label', {class: 'check'}, critical, ' Critical path'),
        errors > 0
          ? h('button', {type: 'button', class: 'quiet', onclick: () => this.nextError()}, 'Next error')
          : null,
        h('button', {type: 'button', class: 'quiet', onclick: () => this.collapseAll()}, 'Collapse'),
        h('button', {type: 'button', class: 'quiet', onclick: () => this.expandAll()}, 'Expand'),
      ),
    );
    this.box = h('div', {
      class: 'rows',
      role: 'treegrid',
      tabindex: '0',
      'aria-label': 'Spans of the trace',
      'aria-readonly': 'true',
      onfocus: () => {
        if (this.active === null) {
          this.activate(this.chosen ?? this.order[0]);
        }
      },
    });
    const {line} = this.tree;
    const ticks = h('div', {class: 'ticks', 'aria-hidden': 'true'});
    for (let i = 0; i <= TICKS; i++) {
      const tick = h('span', null, i === 0 ? '0' : duration((line.length * i) / TICKS));
      tick.style.insetInlineStart = (100 * i) / TICKS + '%';
      ticks.append(tick);
    }
    this.element = h(
      'section',
      {class: 'timeline', 'aria-label': 'Timeline'},
      toolbar,
      h('div', {class: 'row-head', 'aria-hidden': 'true'}, h('span', null, 'Span'), ticks, h('span', {class: 'number'}, 'Duration')),
      this.box,
      line.outliers > 0
        ? h(
            'p',
            {class: 'faint small'},
            `${counted(line.outliers, 'span lies', 'spans lie')} too far from the root to be drawn on its line of time.`,
          )
        : null,
    );
    this.rows = new VirtualRows(this.box, ROW, index => this.row(index), 'rowgroup');
  }

  /** Works out which rows there are. */
  layOut() {
    this.order = visible(this.tree, this.collapsed);
    this.index = new Map(this.order.map((node, i) => [node, i]));
    this.box.setAttribute('aria-rowcount', this.order.length);
    this.rows.reset(this.order.length);
  }

  refresh() {
    this.rows.refresh();
  }

  row(index) {
    const node = this.order[index];
    const {span} = node;
    const isOpen = !this.collapsed.has(node);
    const isLeaf = node.children.length === 0;
    const isMatch = this.found === null ? null : this.found.has(node);
    const columns = this.columns.get(node);
    const toggle = isLeaf
      ? h('span', {class: 'toggle'})
      : h(
          'span',
          {
            class: 'toggle',
            'data-open': String(isOpen),
            onclick: event => {
              event.stopPropagation();
              this.toggle(node);
            },
          },
          icon(CHEVRON),
        );
    const name = h(
      'div',
      {class: 'cell-name', role: 'gridcell'},
      toggle,
      h('span', {class: `dot ${family(span.spanType)}`}),
      h('span', {class: 'text'}, span.name === '' ? '(no name)' : span.name),
      span.spanType === 'generic' ? null : h('span', {class: 'faint small type'}, words(span.spanType)),
      node.lost === 'orphan'
        ? h('span', {class: 'badge', title: `Its parent ${span.parentSpanId} is not stored`}, 'orphan')
        : null,
      node.lost === 'circle' ? h('span', {class: 'badge', title: 'The parents of this span form a circle'}, 'circle') : null,
      columns === undefined ? null : h('span', {class: 'badge found'}, columns.map(words).join(', ')),
      !isOpen
        ? h(
            'span',
            {class: 'badge' + (node.failures > 0 ? ' bad' : '')},
            `+${grouped(node.size)}` + (node.failures > 0 ? `, ${counted(node.failures, 'error', 'errors')}` : ''),
          )
        : null,
    );
    name.style.setProperty('--depth', Math.min(node.depth, MAX_INDENT));
    const length = node.end === null ? null : node.end - node.start;
    const element = h(
      'div',
      {
        class:
          'row' +
          (node === this.active ? ' active' : '') +
          (isMatch === false ? ' dim' : '') +
          (isMatch === true ? ' match' : ''),
        role: 'row',
        id: `row-${index}`,
        'aria-rowindex': index + 1,
        'aria-level': node.depth + 1,
        'aria-selected': String(node === this.chosen),
        'aria-expanded': isLeaf ? null : String(isOpen),
        'data-span': span.spanId,
        onclick: () => {
          this.activate(node);
          this.choose(node);
        },
      },
      name,
      h('div', {class: 'cell-bar', role: 'gridcell', 'aria-label': this.barLabel(node)}, this.bar(node)),
      h(
        'div',
        {class: 'cell-duration number', role: 'gridcell'},
        span.status === 'error' ? h('span', {class: 'mark error', title: 'error'}, h('span', {class: 'visually-hidden'}, 'error ')) : null,
        span.status === 'running' ? 'running' : span.isEvent ? 'event' : length === null ? '–' : duration(length),
      ),
    );
    return element;
  }

  barLabel(node) {
    const {line} = this.tree;
    return node.outlier ? 'far from the root' : `starts after ${duration(node.start - line.from)}`;
  }

  bar(node) {
    const {line} = this.tree;
    if (node.outlier) {
      return h('span', {class: 'far' + (node.start < line.from ? '' : ' after'), title: node.span.startedAt}, 'far from the root');
    }
    const end = node.end ?? line.to;
    const from = Math.min(node.start, end) - line.from;
    const length = Math.abs(end - node.start);
    const bar = h('span', {
      class:
        `bar-span ${family(node.span.spanType)} ${node.span.status}` +
        (this.critical && node.critical ? ' critical' : '') +
        (node.end !== null && node.end < node.start ? ' backwards' : ''),
      title: node.end !== null && node.end < node.start ? 'Ends before it starts' : null,
    });
    const scale = line.length === 0 ? 0 : 100 / line.length;
    bar.style.insetInlineStart = `min(${from * scale}%, 100% - 2px)`;
    bar.style.inlineSize = line.length === 0 ? '2px' : `max(${length * scale}%, 2px)`;
    return bar;
  }

  focus() {
    this.box.focus({preventScroll: true});
  }

  /** Makes a row the one that the keyboard acts on. */
  activate(node) {
    const before = this.active;
    this.active = node;
    const index = this.index.get(node);
    this.rows.reveal(index);
    for (const one of [before, node]) {
      const row = one === null ? null : this.element.querySelector(`[id="row-${this.index.get(one)}"]`);
      row?.classList.toggle('active', one === node);
    }
    this.box.setAttribute('aria-activedescendant', `row-${index}`);
  }

  select(node) {
    this.chosen = node;
    if (node !== null) {
      this.show(node);
      this.activate(node);
    }
    for (const row of this.box.querySelectorAll('[role=row]')) {
      row.setAttribute('aria-selected', String(row.dataset.span === node?.span.spanId));
    }
  }

  /** Opens whatever a node is hidden in. */
  show(node) {
    let changed = false;
    for (let above = node.parent; above !== null; above = above.parent) {
      changed = this.collapsed.delete(above) || changed;
    }
    if (changed) {
      this.layOut();
    }
  }

  reveal(node) {
    this.show(node);
    this.rows.reveal(this.index.get(node));
  }

  move(by) {
    if (this.active === null) {
      this.activate(this.order[0]);
    } else {
      const at = this.index.get(this.active);
      this.activate(this.order[Math.max(0, Math.min(this.order.length - 1, at + by))]);
    }
    this.focus();
    if (this.chosen !== null) {
      this.choose(this.active);
    }
  }

  /** Arrows scroll the page, unless the tree has the focus. */
  onArrow(action) {
    return document.activeElement === this.box ? action(this) : false;
  }

  open() {
    if (this.active === null || document.activeElement !== this.box) {
      return false;
    }
    this.choose(this.active);
  }

  toggle(node) {
    if (!this.collapsed.delete(node)) {
      this.collapsed.add(node);
    }
    this.keepActive();
  }

  collapseAll() {
    this.collapsed = new Set(this.tree.nodes.filter(node => node.depth > 0 && node.children.length > 0));
    this.keepActive();
  }

  expandAll() {
    this.collapsed = new Set();
    this.keepActive();
  }

  /** After rows went: what acts is the nearest one above that is there. */
  keepActive() {
    this.layOut();
    let node = this.active;
    while (node !== null && !this.index.has(node)) {
      node = node.parent;
    }
    this.active = null;
    if (node !== null) {
      this.activate(node);
    }
  }

  collapseOrParent() {
    const node = this.active;
    if (node.children.length > 0 && !this.collapsed.has(node)) {
      this.toggle(node);
    } else if (node.parent !== null) {
      this.activate(node.parent);
    }
  }

  expandOrChild() {
    const node = this.active;
    if (this.collapsed.has(node)) {
      this.toggle(node);
    } else if (node.children.length > 0) {
      this.activate(node.children[0]);
    }
  }

  async find(text) {
    if (text === '') {
      this.found = null;
      this.columns = new Map();
      this.result.textContent = '';
      this.searched = '';
      this.rows.refresh();
      return;
    }
    if (text === this.searched) {
      return;
    }
    this.searched = text;
    const lower = text.toLowerCase();
    this.columns = new Map();
    this.found = new Set(this.tree.nodes.filter(node => matches(node, lower)));
    this.report('…');
    try {
      const answer = await api.searchTrace(this.traceId, text, this.context.signal);
      if (this.searched !== text) {
        return;
      }
      for (const {spanId, columns} of answer.matches) {
        const node = this.tree.byId.get(spanId);
        if (node !== undefined) {
          this.found.add(node);
          this.columns.set(node, columns.filter(column => column !== 'name'));
        }
      }
      this.columns.forEach((columns, node) => columns.length === 0 && this.columns.delete(node));
      this.report('');
    } catch (error) {
      if (!this.context.signal.aborted) {
        this.report(` by name; attributes and payloads could not be searched: ${error.message}`);
      }
    }
  }

  report(more) {
    this.result.textContent = (this.found.size === 0 ? 'No match' : counted(this.found.size, 'match', 'matches')) + more;
    this.rows.refresh();
  }

  leaveSearch() {
    this.search.value = '';
    this.find('');
    this.focus();
  }

  nextMatch(by) {
    if (this.found === null) {
      return false;
    }
    this.next(by, node => this.found.has(node));
  }

  nextError() {
    this.next(1, node => node.span.status === 'error');
  }

  /** The next node of all, hidden ones included, that is looked for; from the last on to the first. */
  next(by, isWanted) {
    const wanted = this.tree.nodes.filter(isWanted);
    if (wanted.length === 0) {
      return;
    }
    const at = this.tree.nodes.indexOf(this.active);
    const place = new Map(this.tree.nodes.map((node, i) => [node, i]));
    const ordered = by > 0 ? wanted : wanted.toReversed();
    const node = ordered.find(one => (by > 0 ? place.get(one) > at : at >= 0 && place.get(one) < at)) ?? ordered[0];
    this.show(node);
    this.activate(node);
    this.choose(node);
    if (document.activeElement !== this.search) {
      this.focus();
    }
    announce(`${wanted.indexOf(node) + 1} of ${wanted.length}: ${node.span.name}`);
  }
}
