/** Times, durations and numbers, for people and exactly. */

import {h} from './dom.js';

const NANOS_PER_MILLI = 1e6;
const INSTANT = /^([+-]?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;

/**
 * An ISO-8601 instant as whole milliseconds since 1970 and the nanoseconds behind them, or null. A double cannot hold
 * today's nanoseconds, so the two parts stay apart until one is subtracted from another.
 */
export function instant(text) {
  const match = INSTANT.exec(text ?? '');
  if (match === null) {
    return null;
  }
  const fraction = (match[2] ?? '').padEnd(9, '0');
  const millis = Date.parse(match[1] + 'Z');
  return Number.isNaN(millis)
    ? null
    : {millis: millis + Number(fraction.slice(0, 3)), nanos: Number(fraction.slice(3))};
}

/** The nanoseconds from one instant to another, negative where it is earlier; exact up to 100 days. */
export function nanosBetween(from, to) {
  return (to.millis - from.millis) * NANOS_PER_MILLI + (to.nanos - from.nanos);
}

/** A duration in three digits and a unit, as the command line writes it. */
export function duration(nanos) {
  if (nanos === null || nanos === undefined) {
    return '';
  }
  if (nanos < 0) {
    return '\u2212' + duration(-nanos);
  }
  const seconds = Math.floor(nanos / 1e9);
  if (seconds >= 3600) {
    return `${grouped(Math.floor(seconds / 3600))} h ${pad(Math.floor(seconds / 60) % 60)} min`;
  }
  if (seconds >= 100) {
    return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  }
  if (nanos >= 1e9) {
    return digits(nanos / 1e9) + ' s';
  }
  if (nanos >= 1e6) {
    return digits(nanos / 1e6) + ' ms';
  }
  if (nanos >= 1e3) {
    return digits(nanos / 1e3) + ' µs';
  }
  return nanos === 0 ? '0 ms' : Math.round(nanos) + ' ns';
}

/** 9.996 would become 10.00: the number of digits follows the rounded value. */
function digits(value) {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

function pad(number) {
  return String(number).padStart(2, '0');
}

const GROUPED = new Intl.NumberFormat('en-US', {maximumFractionDigits: 0});
const COMPACT = new Intl.NumberFormat('en-US', {notation: 'compact', maximumFractionDigits: 1});

/** A whole number with its thousands apart. */
export function grouped(number) {
  return GROUPED.format(number);
}

/** A large number in few characters: 12.3K. */
export function compact(number) {
  return COMPACT.format(number);
}

/** `1 span`, `1,204 spans`. */
export function counted(number, one, many) {
  return `${grouped(number)} ${Number(number) === 1 ? one : many}`;
}

/** A cost in the writer's currency, with as many digits as tell something. */
export function cost(amount) {
  const number = Number(amount);
  if (number === 0) {
    return '0';
  }
  return number >= 1 ? number.toFixed(2) : String(Number(number.toPrecision(3)));
}

const DATE_TIME = new Intl.DateTimeFormat('sv-SE', {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** A local date and time to the second. */
export function localTime(text) {
  const when = instant(text);
  return when === null ? String(text ?? '') : DATE_TIME.format(new Date(when.millis));
}

const STEPS = [
  [60, 1, 's'],
  [3600, 60, 'min'],
  [86400, 3600, 'h'],
  [Infinity, 86400, 'd'],
];

/** How long ago something was. */
export function relativeTime(text, nowMillis = Date.now()) {
  const when = instant(text);
  if (when === null) {
    return String(text ?? '');
  }
  const seconds = Math.round((nowMillis - when.millis) / 1000);
  const size = Math.abs(seconds);
  if (size < 2) {
    return 'now';
  }
  const [, unit, name] = STEPS.find(([limit]) => size < limit);
  const amount = `${grouped(Math.floor(size / unit))} ${name}`;
  return seconds > 0 ? amount + ' ago' : 'in ' + amount;
}

const RELATIVE = 'tracekeep.relative';

/** Whether times are shown as how long ago they were. */
export function isRelative() {
  return localStorage.getItem(RELATIVE) !== 'no';
}

/** Shows all times of the page the other way. */
export function toggleRelative() {
  localStorage.setItem(RELATIVE, isRelative() ? 'no' : 'yes');
  refreshTimes();
}

/** A time that follows the page's choice; its title says it exactly. */
export function time(text) {
  const element = h('time', {datetime: text, title: text});
  element.textContent = isRelative() ? relativeTime(text) : localTime(text);
  return element;
}

/** Writes all times of the page anew. */
export function refreshTimes() {
  const relative = isRelative();
  const now = Date.now();
  for (const element of document.querySelectorAll('time[datetime]')) {
    const text = element.getAttribute('datetime');
    element.textContent = relative ? relativeTime(text, now) : localTime(text);
  }
}

/** A trace's or span's id, short enough for a line. */
export function shortId(id) {
  return id.length > 16 ? id.slice(0, 8) + '…' : id;
}

/** A snake_case name as words. */
export function words(name) {
  return String(name ?? '').replaceAll('_', ' ');
}

const UNITS = {ms: 0.001, s: 1, m: 60, h: 3600, d: 86400};

/** `500ms`, `2s`, `1.5m`, `1h` or `7d` in seconds; null for any other text. */
export function secondsOf(text) {
  const match = /^(\d{1,9}(?:\.\d{1,6})?) ?(ms|s|m|h|d)$/.exec(text);
  return match === null ? null : Number((Number(match[1]) * UNITS[match[2]]).toFixed(9));
}
