/** Sessions and threads: what belongs together across traces. */

import * as api from './api.js';
import {fill, h, path} from './dom.js';
import {conversationView} from './conversation.js';
import {compact, counted, time} from './format.js';
import {field, status, traceColumns, traceRow} from './parts.js';
import {buildTree} from './tree.js';

const PAGE = 100;
const OPEN_AT_FIRST = 5;

/** The two views of a grouping column: all groups, and one. */
function grouping(column, one, many) {
  const capital = many[0].toUpperCase() + many.slice(1);
  const all = {
    title: () => capital,
    async show(main, parameters, context) {
      const prefix = parameters.get('prefix') ?? '';
      let {values, cursor} = await api.values(column, {prefix, counts: 'true', limit: PAGE}, context.signal);
      const body = h('tbody', null);
      const add = page => {
        body.append(
          ...page.map(({value, spans}) =>
            h(
              'tr',
              null,
              h('td', {class: 'main'}, h('a', {class: 'name', href: path('/' + one, {id: value})}, value)),
              h('td', {class: 'number'}, spans === undefined ? '' : compact(spans)),
            ),
          ),
        );
      };
      add(values);
      const more = h('button', {type: 'button', hidden: cursor === null}, 'Load more');
      more.addEventListener('click', async () => {
        more.disabled = true;
        try {
          ({values, cursor} = await api.values(column, {prefix, counts: 'true', limit: PAGE, cursor}, context.signal));
          add(values);
          more.hidden = cursor === null;
        } catch (error) {
          more.textContent = `${error.message} Try again`;
        } finally {
          more.disabled = false;
        }
      });
      const form = h(
        'form',
        {class: 'filters', role: 'search', 'aria-label': `Find ${many}`},
        field('prefix', 'Begins with', {type: 'search'}, prefix),
        h('span', {class: 'end'}, h('button', {class: 'primary'}, 'Find')),
      );
      form.addEventListener('submit', event => {
        event.preventDefault();
        context.go(path('/' + many, {prefix: new FormData(form).get('prefix').trim()}));
      });
      fill(
        main,
        h('div', {class: 'title'}, h('h1', null, capital)),
        form,
        values.length === 0
          ? h('div', {class: 'empty'}, h('p', null, prefix === '' ? `No span names a ${one}.` : `No ${one} begins so.`))
          : h(
              'table',
              {class: 'narrow'},
              h('caption', {class: 'visually-hidden'}, capital),
              h('thead', null, h('tr', null, h('th', {scope: 'col'}, capital.slice(0, -1)), h('th', {scope: 'col', class: 'number'}, 'Spans'))),
              body,
            ),
        h('div', {class: 'after'}, more),
      );
      return listKeys(body, form);
    },
  };
  const single = {
    title: parameters => `${capital.slice(0, -1)} ${parameters.get('id') ?? ''}`,
    async show(main, parameters, context) {
      const id = parameters.get('id') ?? '';
      const question = {where: `${column}=${id}`, ascending: 'true', limit: PAGE};
      const page = await api.traces(question, context.signal);
      const body = h('tbody', null, page.traces.map(trace => traceRow(trace, context)));
      const talks = h('div', null, page.traces.map((trace, i) => talk(trace, page.traces.length <= OPEN_AT_FIRST || i === 0, context)));
      let {cursor} = page;
      const more = h('button', {type: 'button', hidden: cursor === null}, 'Load more');
      more.addEventListener('click', async () => {
        more.disabled = true;
        try {
          const next = await api.traces({...question, cursor}, context.signal);
          cursor = next.cursor;
          more.hidden = cursor === null;
          body.append(...next.traces.map(trace => traceRow(trace, context)));
          talks.append(...next.traces.map(trace => talk(trace, false, context)));
        } catch (error) {
          more.textContent = `${error.message} Try again`;
        } finally {
          more.disabled = false;
        }
      });
      fill(
        main,
        h('p', {class: 'crumbs'}, h('a', {href: '/' + many}, capital)),
        h(
          'div',
          {class: 'title'},
          h('h1', null, id),
          h('span', {class: 'faint'}, counted(page.traces.length, 'trace', 'traces') + (cursor === null ? '' : ' so far')),
        ),
        page.traces.length === 0
          ? h('div', {class: 'empty'}, h('p', null, `No trace belongs to this ${one}.`))
          : [
              h('div', {class: 'scroll-x'}, h('table', {class: 'traces'}, h('caption', {class: 'visually-hidden'}, `Traces of this ${one}, in order`), traceColumns(), body)),
              h('div', {class: 'after'}, more),
              h('h2', null, 'Conversation'),
              talks,
            ],
      );
      return listKeys(body, null);
    },
  };
  return [all, single];
}

/** What was said in one trace, asked for when it is opened. */
function talk(trace, isOpen, context) {
  const element = h(
    'details',
    {class: 'talk'},
    h('summary', null, h('strong', null, trace.name || '(no name)'), status(trace.status), h('span', {class: 'faint'}, time(trace.startedAt))),
    h('p', null, h('a', {href: path('/trace', {id: trace.traceId, view: 'conversation'})}, 'Open this trace')),
  );
  const load = async () => {
    element.removeEventListener('toggle', load);
    const place = element.appendChild(h('div', null));
    try {
      const {spans} = await api.trace(trace.traceId, context.signal);
      place.append(conversationView(trace.traceId, buildTree(spans), context, null));
    } catch (error) {
      place.append(h('p', {class: 'notice error'}, error.message));
    }
  };
  element.addEventListener('toggle', load);
  element.open = isOpen;
  return element;
}

function listKeys(body, form) {
  const move = by => {
    const links = [...body.querySelectorAll('a.name')];
    links[Math.max(0, Math.min(links.length - 1, links.indexOf(document.activeElement) + by))]?.focus();
  };
  return {
    j: () => move(1),
    k: () => move(-1),
    '/': () => form?.querySelector('input').focus(),
    Escape: () => document.activeElement.blur(),
  };
}

export const [sessions, session] = grouping('session_id', 'session', 'sessions');
export const [threads, thread] = grouping('thread_id', 'thread', 'threads');
