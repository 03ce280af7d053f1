/**
 * Asks the API under /api/v1, and is the only module that knows its paths and parameters. The token is asked for once
 * and stays in this tab's sessionStorage: it is never part of an address.
 */

const TOKEN = 'tracekeep.token';
const ROOT = '/api/v1';

/** What the API answered instead of what was asked for. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

let askForToken = async () => null;

/** Sets who asks the user for a token: a function that gives a promise of it, or of null. */
export function onTokenWanted(ask) {
  askForToken = ask;
}

let tokenQuestion = null;

async function wantedToken(wasGiven) {
  // Several requests fail at once, and the user is asked once.
  tokenQuestion ??= askForToken(wasGiven).finally(() => (tokenQuestion = null));
  const token = await tokenQuestion;
  if (token !== null) {
    sessionStorage.setItem(TOKEN, token);
  }
  return token;
}

async function request(path, parameters, signal) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== '') {
        query.append(name, one);
      }
    }
  }
  const text = query.toString();
  const url = ROOT + path + (text === '' ? '' : '?' + text);
  for (;;) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = {Accept: 'application/json'};
    if (token !== null) {
      headers.Authorization = 'Bearer ' + token;
    }
    let response;
    try {
      response = await fetch(url, {headers, signal, cache: 'no-store', credentials: 'omit', redirect: 'error'});
    } catch (error) {
      if (signal?.aborted) {
        throw error;
      }
      throw new ApiError(0, 'The server does not answer. It may have been stopped.');
    }
    if (response.status === 401) {
      const isNew = sessionStorage.getItem(TOKEN) !== token;
      if (isNew || (await wantedToken(token !== null)) !== null) {
        continue;
      }
    }
    if (!response.ok) {
      throw new ApiError(response.status, await problem(response));
    }
    return response;
  }
}

/** What went wrong, in the words of the server (RFC 9457). */
async function problem(response) {
  const text = await response.text();
  try {
    const document = JSON.parse(text);
    return sentence(document.detail) ?? sentence(document.title) ?? `The server answered ${response.status}.`;
  } catch {
    return `The server answered ${response.status}.`;
  }
}

function sentence(text) {
  return typeof text === 'string' && text !== '' ? text[0].toUpperCase() + text.slice(1) : undefined;
}

async function json(path, parameters, signal) {
  return (await request(path, parameters, signal)).json();
}

const DIGITS_OF_A_DOUBLE = 15;

/**
 * JSON in which each number stays what was written: attributes hold integers that a double rounds. Such a number becomes
 * what `JSON.rawJSON` makes, which is no number and is written by `JSON.stringify` alone.
 */
export function parseExactly(text) {
  return JSON.parse(text, (key, value, context) =>
    typeof value === 'number' && isRounded(value, context?.source) ? JSON.rawJSON(context.source) : value,
  );
}

function isRounded(value, source) {
  return (
    source !== undefined &&
    'rawJSON' in JSON &&
    source.replace(/[eE].*|\D/g, '').length > DIGITS_OF_A_DOUBLE &&
    String(value) !== source
  );
}

function segment(text) {
  return encodeURIComponent(text);
}

/** A page of traces, `{traces, cursor}`: heads with `hasRoot` and, where the store has them, `statistics`. */
export function traces(filters, signal) {
  return json('/traces', {...filters, statistics: 'true'}, signal);
}

/** A trace, `{traceId, spans}`: all of its spans without payloads. */
export function trace(traceId, signal) {
  return json(`/traces/${segment(traceId)}`, null, signal);
}

/** Which spans of a trace have a text in a name, an attribute or a payload: `{matches: [{spanId, columns}]}`. */
export function searchTrace(traceId, text, signal) {
  return json(`/traces/${segment(traceId)}/search`, {text}, signal);
}

/** The model calls, tool calls and agents' runs of a trace with their payloads: `{spans}`. */
export async function conversation(traceId, signal) {
  const response = await request(`/traces/${segment(traceId)}/conversation`, null, signal);
  return parseExactly(await response.text());
}

/** A span with all that is stored of it. */
export async function span(traceId, spanId, signal) {
  const response = await request(`/spans/${segment(traceId)}/${segment(spanId)}`, null, signal);
  return parseExactly(await response.text());
}

/** A whole trace as a file. */
export async function download(traceId, signal) {
  const response = await request(`/traces/${segment(traceId)}/download`, null, signal);
  return response.blob();
}

/** The values of a column, `{values: [{value, spans}], cursor}`. */
export function values(column, parameters, signal) {
  return json(`/values/${segment(column)}`, parameters, signal);
}

/** Sums over spans that name a model: `{groups}`. */
export function usage(parameters, signal) {
  return json('/usage', parameters, signal);
}
