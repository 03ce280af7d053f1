/** The list of traces: filters, newest first, live. Its state is its address. */

import * as api from './api.js';
import {announce, fill, h, path} from './dom.js';
import {counted, instant, nanosBetween, secondsOf} from './format.js';
import {choice, failure, field, traceColumns, traceRow} from './parts.js';

const PAGE = 50;
const LIVE_MILLIS = 5_000;
const OFFERED = 200;

/** Filters whose values are offered from what is stored: name in the address, label, and column. */
const COLUMNS = [
  ['service', 'Service', 'service_name'],
  ['name', 'Span name', 'name'],
  ['type', 'Span type', 'span_type'],
  ['environment', 'Environment', 'environment'],
  ['model', 'Model', 'model'],
  ['user', 'User', 'user_id'],
  ['session', 'Session', 'session_id'],
  ['thread', 'Thread', 'thread_id'],
  ['tag', 'Tag', 'tags'],
];
/** The API has no parameter of their own for these. */
const BY_COLUMN = new Set(['model', 'thread']);
const ALWAYS_SHOWN = 3;

const AGES = [
  ['', 'Any time'],
  ['15m', 'Last 15 minutes'],
  ['1h', 'Last hour'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
];

export function title() {
  return 'Traces';
}

/**
 * The parameters of the API that stand for the page's own. A time that counts from now is worked out once: the cursor of
 * a page belongs to its question.
 */
function filtersOf(parameters) {
  const value = name => (parameters.get(name) ?? '').trim();
  const filters = {where: [], status: value('status'), attribute: value('attribute')};
  for (const [name, , column] of COLUMNS) {
    if (!BY_COLUMN.has(name)) {
      filters[name] = value(name);
    } else if (value(name) !== '') {
      filters.where.push(`${column}=${value(name)}`);
    }
  }
  const since = secondsOf(value('since'));
  filters['started-from'] = since === null ? utc(value('from')) : new Date(Date.now() - since * 1000).toISOString();
  filters['started-before'] = utc(value('before'));
  filters['min-duration'] = value('min-duration');
  filters['max-duration'] = value('max-duration');
  filters['child-error'] = value('error') === 'any' ? 'true' : '';
  return filters;
}

/** A local date and time of a field as an instant. */
function utc(text) {
  const date = text === '' ? null : new Date(text);
  return date === null || Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

export async function show(main, parameters, context) {
  const filters = filtersOf(parameters);
  let page;
  try {
    page = await api.traces({...filters, limit: PAGE}, context.signal);
  } catch (error) {
    if (context.signal.aborted) {
      throw error;
    }
    // The filters stay, so that a wrong one can be mended.
    fill(main, h('h1', null, title()), filterForm(parameters, context), failure(error, () => context.go(location.href)));
    return {};
  }
  const isLive = parameters.get('live') !== 'no';
  const shown = new Map();
  const body = h('tbody', null);
  const news = h('button', {type: 'button', class: 'news', hidden: true});
  const more = h('button', {type: 'button', hidden: page.cursor === null}, 'Load more');
  const count = h('span', {class: 'faint'});
  let {cursor} = page;

  const add = (traces, inFront) => {
    const rows = [];
    for (const trace of traces) {
      if (!shown.has(trace.traceId)) {
        const line = traceRow(trace, context);
        shown.set(trace.traceId, line);
        rows.push(line);
      }
    }
    inFront ? body.prepend(...rows) : body.append(...rows);
    count.textContent = counted(shown.size, 'trace', 'traces') + (cursor === null ? '' : ' so far');
  };

  const table = h(
    'table',
    {class: 'traces'},
    h('caption', {class: 'visually-hidden'}, 'Traces, newest first'),
    traceColumns(),
    body,
  );
  add(page.traces, false);

  more.addEventListener('click', async () => {
    more.disabled = true;
    try {
      const next = await api.traces({...filters, limit: PAGE, cursor}, context.signal);
      cursor = next.cursor;
      more.hidden = cursor === null;
      add(next.traces, false);
      announce(`${shown.size} traces are shown`);
    } catch (error) {
      if (!context.signal.aborted) {
        announce(error.message);
        more.textContent = `${error.message} Try again`;
      }
    } finally {
      more.disabled = false;
    }
  });

  let waiting = [];
  news.addEventListener('click', () => {
    add(waiting, true);
    waiting = [];
    news.hidden = true;
    body.querySelector('a')?.focus();
  });

  const look = async () => {
    if (document.hidden) {
      return;
    }
    let latest;
    try {
      latest = await api.traces({...filters, limit: PAGE}, context.signal);
    } catch {
      return; // The server is away; the next look may find it.
    }
    const unknown = [];
    for (const trace of latest.traces) {
      const line = shown.get(trace.traceId);
      if (line === undefined) {
        unknown.push(trace);
      } else if (line.dataset.content !== JSON.stringify(trace)) {
        // What ran is done: its row changes where it stands, and keeps the focus.
        const fresh = traceRow(trace, context);
        const hadFocus = line.contains(document.activeElement);
        line.replaceWith(fresh);
        shown.set(trace.traceId, fresh);
        if (hadFocus) {
          fresh.querySelector('a').focus();
        }
      }
    }
    waiting = newerThanShown(unknown, body);
    const text = counted(waiting.length, 'new trace', 'new traces') + (waiting.length === PAGE ? ' or more' : '');
    if (waiting.length > 0 && news.textContent !== text + ' – show') {
      announce(text);
    }
    news.hidden = waiting.length === 0;
    news.textContent = text + ' – show';
  };
  if (isLive) {
    const timer = setInterval(look, LIVE_MILLIS);
    context.signal.addEventListener('abort', () => clearInterval(timer));
  }

  fill(
    main,
    h('div', {class: 'title'}, h('h1', null, 'Traces'), count, live(isLive, parameters, context)),
    filterForm(parameters, context),
    news,
    page.traces.length === 0 ? nothing(parameters) : h('div', {class: 'scroll-x'}, table),
    h('div', {class: 'after'}, more),
    h(
      'p',
      {class: 'faint small'},
      'A trace is listed by its root, or by its first span where no root is stored. ',
      isLive
        ? 'Newer traces are announced above the list; what arrives late with an older start appears when the page is reloaded.'
        : 'Newer traces appear when the page is reloaded.',
    ),
  );

  const move = step => {
    const links = [...body.querySelectorAll('a.name')];
    const at = links.indexOf(document.activeElement);
    links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
  };
  return {
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => (body.contains(document.activeElement) ? move(1) : false),
    ArrowUp: () => (body.contains(document.activeElement) ? move(-1) : false),
    '/': () => main.querySelector('.filters input').focus(),
    Escape: () => document.activeElement.blur(),
  };
}

/** Those that belong above the first row: the others came late, and would move what is read. */
function newerThanShown(traces, body) {
  const first = instant(body.querySelector('tr time')?.getAttribute('datetime'));
  return first === null ? traces : traces.filter(trace => nanosBetween(first, instant(trace.startedAt)) >= 0);
}

function live(isLive, parameters, context) {
  const box = h('input', {type: 'checkbox', checked: isLive});
  box.addEventListener('change', () => {
    parameters.set('live', box.checked ? '' : 'no');
    context.go(path('/', Object.fromEntries(parameters)));
  });
  return h('label', {class: 'live', title: 'Looks for newer traces every 5 seconds'}, box, ' Live');
}

function nothing(parameters) {
  const isFiltered = [...parameters].some(([name, value]) => name !== 'live' && value !== '');
  return h(
    'div',
    {class: 'empty'},
    h('p', null, isFiltered ? 'No trace matches these filters.' : 'There is no trace yet.'),
    isFiltered
      ? h('a', {href: '/'}, 'Clear the filters')
      : h('p', {class: 'faint'}, 'Point an OpenTelemetry exporter here: OTEL_EXPORTER_OTLP_ENDPOINT=', location.origin),
  );
}

function filterForm(parameters, context) {
  const fields = COLUMNS.map(([name, label, column]) => combo(name, label, column, parameters, context));
  const value = name => parameters.get(name) ?? '';
  const hidden = [...COLUMNS.slice(ALWAYS_SHOWN).map(([name]) => name), 'attribute', 'from', 'before', 'min-duration', 'max-duration'];
  const set = hidden.filter(name => value(name) !== '').length;
  const form = h(
    'form',
    {class: 'filters', role: 'search', 'aria-label': 'Filter traces'},
    fields.slice(0, ALWAYS_SHOWN),
    choice('since', 'Started', AGES, value('since')),
    choice(
      'status',
      'Status',
      [
        ['', 'Any'],
        ['ok', 'ok'],
        ['running', 'running'],
        ['error', 'error'],
      ],
      value('status'),
    ),
    h(
      'label',
      {class: 'check'},
      h('input', {type: 'checkbox', name: 'error', value: 'any', checked: value('error') === 'any'}),
      ' Any span failed',
    ),
    h(
      'details',
      {class: 'more', open: set > 0},
      h('summary', null, set > 0 ? `More filters (${set})` : 'More filters'),
      h(
        'div',
        {class: 'filters'},
        fields.slice(ALWAYS_SHOWN),
        field('attribute', 'Attribute', {placeholder: 'key=value'}, value('attribute')),
        field('min-duration', 'At least', {placeholder: '500ms', size: 8}, value('min-duration')),
        field('max-duration', 'At most', {placeholder: '2s', size: 8}, value('max-duration')),
        field('from', 'From', {type: 'datetime-local', step: 1}, value('from')),
        field('before', 'Before', {type: 'datetime-local', step: 1}, value('before')),
      ),
    ),
    h('span', {class: 'end'}, h('button', {class: 'primary'}, 'Apply'), h('a', {class: 'button', href: '/'}, 'Clear')),
  );
  const apply = () => {
    const wanted = {};
    for (const [name, given] of new FormData(form)) {
      wanted[name] = given;
    }
    wanted.live = value('live');
    context.go(path('/', wanted));
  };
  form.addEventListener('submit', event => {
    event.preventDefault();
    apply();
  });
  form.addEventListener('change', event => {
    if (event.target.matches('select, [type=checkbox]')) {
      apply();
    }
  });
  return form;
}

/** A field that offers the values of a column, asked for when it gets the focus and as its text grows. */
function combo(name, label, column, parameters, context) {
  const list = h('datalist', {id: `values-${name}`});
  const element = field(name, label, {list: list.id, placeholder: 'Any'}, parameters.get(name) ?? '');
  const input = element.querySelector('input');
  let asked = null;
  const offer = async () => {
    const prefix = input.value.trim();
    if (asked === prefix) {
      return;
    }
    asked = prefix;
    try {
      const {values} = await api.values(column, {prefix, limit: OFFERED}, context.signal);
      if (asked === prefix) {
        fill(list, values.map(({value}) => h('option', {value})));
      }
    } catch {
      asked = null; // Nothing is offered; any text can still be given.
    }
  };
  input.addEventListener('focus', offer);
  input.addEventListener('input', offer);
  element.append(list);
  return element;
}
