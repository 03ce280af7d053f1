/** The frame of the page: which view an address shows, the keyboard, appearance and the token. */

import {onTokenWanted} from './api.js';
import {announce, fill, h} from './dom.js';
import {refreshTimes, toggleRelative} from './format.js';
import {failure} from './parts.js';
import * as compare from './compare.js';
import * as groups from './groups.js';
import * as trace from './trace.js';
import * as traces from './traces.js';
import * as usage from './usage.js';

/**
 * A view has `title(parameters)` and `show(main, parameters, context)`, which may give an object of keys and what they
 * do. The context has `signal`, aborted when the view is left, `go(address)` and `replace(address)`: the latter changes
 * the address without showing anything anew.
 */
const VIEWS = {
  '/': traces,
  '/trace': trace,
  '/sessions': groups.sessions,
  '/session': groups.session,
  '/threads': groups.threads,
  '/thread': groups.thread,
  '/usage': usage,
  '/compare': compare,
};

const main = document.getElementById('main');
let leave = new AbortController();
let keys = {};

function go(address) {
  history.pushState(null, '', address);
  show();
}

async function show() {
  leave.abort();
  leave = new AbortController();
  const {signal} = leave;
  const parameters = new URLSearchParams(location.search);
  const view = VIEWS[location.pathname];
  keys = {};
  for (const link of document.querySelectorAll('header nav a')) {
    const own = link.getAttribute('href');
    const isCurrent = own === location.pathname || own === location.pathname + 's' || (own === '/' && view === trace);
    link.toggleAttribute('data-current', isCurrent);
    if (isCurrent) {
      link.setAttribute('aria-current', own === location.pathname ? 'page' : 'true');
    } else {
      link.removeAttribute('aria-current');
    }
  }
  if (view === undefined) {
    document.title = 'Not found · Tracekeep';
    fill(main, h('h1', null, 'There is no such view'), h('p', null, h('a', {href: '/'}, 'All traces')));
    return;
  }
  document.title = view.title(parameters) + ' · Tracekeep';
  window.scrollTo(0, 0);
  try {
    const own = await view.show(main, parameters, {
      signal,
      go,
      replace: address => history.replaceState(null, '', address),
    });
    if (!signal.aborted) {
      keys = own ?? {};
      main.setAttribute('data-ready', location.pathname);
    }
  } catch (error) {
    if (!signal.aborted) {
      fill(main, h('h1', null, view.title(parameters)), failure(error, show));
    }
  }
}

document.addEventListener('click', event => {
  const link = event.target.closest?.('a[href]');
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (link === null || !isPlain || event.defaultPrevented || link.target !== '' || link.origin !== location.origin) {
    return;
  }
  if (link.getAttribute('href').startsWith('#')) {
    event.preventDefault();
    main.focus();
    return;
  }
  event.preventDefault();
  if (link.href !== location.href) {
    main.removeAttribute('data-ready');
    go(link.href);
  }
});
window.addEventListener('popstate', () => {
  main.removeAttribute('data-ready');
  show();
});

// The keyboard. A key that a field wants is the field's.

const HELP = [
  ['j, k', 'next, previous'],
  ['Enter', 'open'],
  ['/', 'search'],
  ['Esc', 'close, leave the search'],
  ['← →', 'in a trace: collapse, expand'],
  ['n, p', 'in a trace: next, previous match'],
  ['e', 'in a trace: next error'],
  ['v', 'in a trace: timeline or conversation'],
  ['t', 'times: how long ago, or when'],
  ['g', 'the list of traces'],
  ['?', 'this help'],
];

const helpDialog = h(
  'dialog',
  {'aria-labelledby': 'help-title'},
  h('h2', {id: 'help-title'}, 'Keyboard'),
  h(
    'dl',
    {class: 'keys'},
    HELP.map(([key, what]) => [h('dt', null, key.split(', ').map(one => h('kbd', null, one))), h('dd', null, what)]),
  ),
  h('form', {method: 'dialog'}, h('button', null, 'Close')),
);
document.body.append(helpDialog);
document.getElementById('help').addEventListener('click', () => helpDialog.showModal());

const EVERYWHERE = {
  '?': () => helpDialog.showModal(),
  t: toggleRelative,
  g: () => go('/'),
};

document.addEventListener('keydown', event => {
  const {target} = event;
  const isField = target.matches?.('input:not([type=checkbox]), select, textarea, [contenteditable]');
  if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector('dialog[open]') !== null) {
    return;
  }
  if (isField && event.key !== 'Escape') {
    return;
  }
  // Enter and the blank press the button or follow the link that has the focus.
  if ((event.key === 'Enter' || event.key === ' ') && target.closest?.('a, button, summary, label') !== null) {
    return;
  }
  const action = keys[event.key] ?? EVERYWHERE[event.key];
  if (action !== undefined && action(event) !== false) {
    event.preventDefault();
  }
});

// Dark and light: what the system says, unless the user has chosen.

const THEME = 'tracekeep.theme';
const THEMES = ['auto', 'light', 'dark'];
const themeButton = document.getElementById('theme');

function applyTheme() {
  const theme = THEMES.includes(localStorage.getItem(THEME)) ? localStorage.getItem(THEME) : 'auto';
  document.documentElement.setAttribute('data-theme', theme);
  themeButton.textContent = theme[0].toUpperCase() + theme.slice(1);
  themeButton.setAttribute('aria-label', `Appearance: ${theme}`);
  return theme;
}

themeButton.addEventListener('click', () => {
  localStorage.setItem(THEME, THEMES[(THEMES.indexOf(applyTheme()) + 1) % THEMES.length]);
  announce(`Appearance: ${applyTheme()}`);
});

onTokenWanted(
  wasGiven =>
    new Promise(resolve => {
      const field = h('input', {
        id: 'token',
        type: 'password',
        autocomplete: 'off',
        required: true,
        spellcheck: 'false',
      });
      const dialog = h(
        'dialog',
        {'aria-labelledby': 'token-title'},
        h('h2', {id: 'token-title'}, 'This server wants a token'),
        h('p', null, wasGiven ? 'The one that was given is not right.' : 'It is kept until this tab is closed.'),
        h(
          'form',
          {
            onsubmit: event => {
              event.preventDefault();
              resolve(field.value.trim());
              dialog.close();
            },
          },
          h('label', {for: 'token'}, 'Token to read'),
          field,
          h('button', {class: 'primary'}, 'Continue'),
        ),
      );
      dialog.addEventListener('close', () => {
        resolve(null);
        dialog.remove();
      });
      document.body.append(dialog);
      dialog.showModal();
    }),
);

applyTheme();
setInterval(() => document.hidden || refreshTimes(), 10_000);
show();
