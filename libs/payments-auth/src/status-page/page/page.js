// Runs in the browser unchanged: no build, no framework, and nothing from other servers.

const EVERY_MS = 1000;
const SVG = 'http://www.w3.org/2000/svg';
/** The number of recent events in the log of a credential. */
const MOST_LINES = 40;

/** Tone, sign and words of each state. */
const STATES = {
  fresh: ['good', '●', 'serves'],
  due: ['good', '●', 'serves, renewing'],
  acquiring: ['warn', '◌', 'logging in'],
  idle: ['calm', '○', 'not in use'],
  degraded: ['warn', '▲', 'serves, but renewal fails'],
  unavailable: ['bad', '✕', 'calls fail: no token can be had'],
  rejected: ['bad', '⊘', 'calls fail: the secret is rejected'],
};

const FIVE_STATES = [
  ['fresh', 'Calls carry it. A token is renewed before it ends, and no call waits for that.'],
  ['idle', 'No call has used it, or none for a long time. The next call gets one.'],
  [
    'degraded',
    'The last renewal failed. Calls carry the old token until it ends, so no call has failed yet.',
  ],
  [
    'unavailable',
    'The last login failed, and there is no token, or the only one is refused. Calls fail, and the login is tried again.',
  ],
  [
    'rejected',
    'The provider says that the secret itself is wrong. Waiting does not help. Give the application a new secret.',
  ],
];

const FAILED_ON = {
  login: 'Login failed',
  call: 'A call failed',
  load: 'Loading the credentials failed',
  save: 'Saving the refresh token failed',
};

/** The shape of each mark, around its own middle. */
const MARKS = {
  renewed: 'M0 -4 4 3 -4 3Z',
  refused: 'M0 -4.5 4.5 0 0 4.5 -4.5 0Z',
  replayed: 'M-4 -4 4 0 -4 4Z',
  failed: 'M-4 -2 -2 -4 0 -2 2 -4 4 -2 2 0 4 2 2 4 0 2 -2 4 -4 2 -2 0Z',
  rejected: 'M-3.5 -4.5H3.5V4.5H-3.5Z',
  noted: 'M-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0',
};

/** The height of each mark, so that marks at the same time do not hide each other. */
const LANES = { refused: 20, failed: 20, rejected: 20, renewed: 28, replayed: 35, noted: 35 };

const SIGNS = [
  ['renewed', 'new token'],
  ['refused', 'call refused'],
  ['replayed', 'call sent again'],
  ['failed', 'login failed'],
  ['rejected', 'a person has to act'],
  ['noted', 'something else'],
];

const byId = (id) => document.getElementById(id);
const base = location.pathname.replace(/\/+$/, '');
const cards = new Map();
let isAsking = false;
let last;

// --- Words ------------------------------------------------------------------------------------------------------

const number = (value) => value.toLocaleString('en').replaceAll(',', '\u202f');

/** A duration for people: 4 s, 12 min, 3 h. */
function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

const TIME = /\b(\d+(?:\.\d+)?) ?(ms|milliseconds?|s|secs?|seconds?)\b/g;

/** The same words, with every time of more than three digits rounded for people. */
const withRoundedTimes = (words) =>
  words.replace(TIME, (time, figure, unit) => {
    const ms = Number(figure) * (unit.startsWith('m') ? 1 : 1000);
    if (figure.replace('.', '').replace(/^0+/, '').length <= 3) return time;
    return ms < 1000 ? `${Math.round(ms)} ms` : span(ms);
  });

const ago = (nowMs, atMs) => (nowMs - atMs < 1000 ? 'just now' : `${span(nowMs - atMs)} ago`);
const clock = (atMs) => new Date(atMs).toLocaleTimeString('en-GB');
const nameOf = ({ provider, account }) => (account === undefined ? provider : `${provider} · ${account}`);
const sum = (values) => values.reduce((total, value) => total + value, 0);
const times = (count, one, more) => (count === 1 ? `one ${one}` : `${number(count)} ${more}`);

function list(names) {
  const shown = names.slice(0, 4);
  return names.length > 4 ? `${shown.join(', ')} and ${names.length - 4} more` : shown.join(', ');
}

// --- The sentence at the top -----------------------------------------------------------------------------------------

/** Calls a second over the last complete pieces. */
function perSecond(rates, which) {
  if (!rates) return 0;
  const values = rates[which].slice(-4, -1);
  return sum(values) / ((values.length * rates.everyMs) / 1000);
}

const isRefusal = ({ on, status }) => on === 'call' && (status === 401 || status === 403);

/** The kinds of trouble that an operator has to look at, the worst first: the tone, and the sentence. */
const TROUBLES = {
  rejected: ['bad', (whose, why) => `The provider rejects the secret of ${whose}, and calls fail${why}.`],
  unavailable: ['bad', (whose, why) => `No calls can be made with ${whose}${why}.`],
  waiting: ['bad', (whose, why) => `Calls with ${whose} wait, logins fail, and no token is left${why}.`],
  failing: ['bad', (whose, why) => `Calls fail with ${whose}${why}.`],
  failed: [
    'warn',
    (whose, why, { ago: when }) =>
      `The last call with ${whose} failed${when}, and none was made since${why}.`,
  ],
  slow: ['warn', (whose, why) => `Calls with ${whose} wait for a login${why}.`],
  degraded: [
    'warn',
    (whose, why, { ends }) =>
      `Calls with ${whose} go on with the old token${ends}, because logins fail${why}.`,
  ],
  unsaved: [
    'warn',
    (whose) => `The refresh token of ${whose} cannot be saved: it is in the memory of this process only.`,
  ],
  outdated: [
    'warn',
    (whose) =>
      `The file with the secret of ${whose} cannot be used: calls go on with what was read of it before.`,
  ],
};

const toneOf = ({ trouble }) => TROUBLES[trouble]?.[0] ?? 'calm';

function sentenceOf({ kind, count, first, cause, endsAtMs, lastFailureAtMs }, nowMs) {
  const names = first.map(nameOf);
  const whose =
    count > names.length ? `${names.join(', ')} and ${number(count - names.length)} more` : names.join(', ');
  const when = count === 1 && lastFailureAtMs !== undefined ? ` ${ago(nowMs, lastFailureAtMs)}` : '';
  const leftMs = (endsAtMs ?? Infinity) - nowMs;
  const ends = Number.isFinite(leftMs)
    ? leftMs > 0
      ? `, which ends in ${span(leftMs)}`
      : ', which ends now'
    : '';
  return TROUBLES[kind][1](whose, cause === undefined ? '' : `: ${cause}`, { ago: when, ends });
}

/** The sentence at the top. It is about every credential, and does not depend on the filter. */
function verdictOf({
  rows,
  troubles,
  storeLost,
  webhookTroubles = [],
  lastFailure,
  totals,
  states,
  nowMs,
  page,
}) {
  const sentences = troubles.map((trouble) => sentenceOf(trouble, nowMs));
  const tones = troubles.map(({ kind }) => TROUBLES[kind][0]);
  if (storeLost) {
    tones.push('warn');
    sentences.push(
      `The shared store has not answered for ${span(nowMs - storeLost.sinceMs)} (${storeLost.reason}): this process logs in for itself.`,
    );
  }
  for (const { provider, kind, reason } of webhookTroubles) {
    tones.push(kind === 'unavailable' ? 'bad' : 'warn');
    sentences.push(
      kind === 'unavailable'
        ? `Webhooks of ${provider} cannot be verified, and are answered 503: ${reason}.`
        : `The keys for webhooks of ${provider} cannot be fetched again, and the earlier ones are used: ${reason}.`,
    );
  }
  const tone = tones.includes('bad') ? 'bad' : tones.includes('warn') ? 'warn' : 'calm';
  if (tone === 'calm') {
    const misbehaving = rows.filter(({ note }) => note?.tone === 'warn');
    if (misbehaving.length > 0)
      sentences.push(
        `${list(misbehaving.map(({ status }) => nameOf(status)))} ${misbehaving.length === 1 ? 'misbehaves' : 'misbehave'}, and no call fails for it now.`,
      );
    else if (Object.keys(states).length === 0) sentences.push('No provider is configured.');
    else sentences.push('Every credential in use serves.');
    const trouble = lastFailure
      ? `; the last trouble was with ${nameOf(lastFailure)}, ${ago(nowMs, lastFailure.atMs)}`
      : '';
    sentences.push(
      totals.failed === 0
        ? 'No call has failed since the start.'
        : `${times(totals.failed, 'call', 'calls')} failed earlier${trouble}.`,
    );
  } else if (totals.failed > 0) {
    sentences.push(`${times(totals.failed, 'call has', 'calls have')} failed since the start.`);
  }
  return { tone, words: [...sentences, ...(page?.words ? [page.words] : [])].join(' ') };
}

// --- The strip --------------------------------------------------------------------------------------------------

function shape(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  parent?.append(element);
  return element;
}

function titled(element, words) {
  shape('title', {}, element).textContent = words;
  return element;
}

/** The last two minutes: lives of tokens on top, marks below them, calls a second at the bottom. */
function draw(box, row, { nowMs, windowMs, startedAtMs }) {
  const width = Math.max(200, box.clientWidth);
  const height = box.clientHeight || 74;
  const [lives, floor] = [13, height - 11];
  // A part of the future, so that the end of a token is visible before it comes.
  const aheadMs = windowMs / 6;
  const fromMs = nowMs - windowMs;
  const x = (atMs) =>
    ((Math.min(Math.max(atMs, fromMs), nowMs + aheadMs) - fromMs) / (windowMs + aheadMs)) * width;
  const svg = shape('svg', {
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': inWords(row, nowMs),
  });
  shape('rect', { class: 'ground', x: 0, y: 0, width: x(nowMs), height: floor }, svg);
  for (let minutesAgo = 0; minutesAgo <= 2; minutesAgo += 0.5) {
    const at = x(nowMs - minutesAgo * 60_000);
    shape('line', { class: 'grid', x1: at, x2: at, y1: 0, y2: floor }, svg);
    const anchor = minutesAgo === 2 ? 'start' : 'middle';
    const label = shape('text', { class: 'scale', x: at, y: height - 1, 'text-anchor': anchor }, svg);
    label.textContent =
      minutesAgo === 0 ? 'now' : minutesAgo % 1 === 0 ? `−${minutesAgo} min` : `−${minutesAgo * 60} s`;
  }
  for (const { fromMs: begin, toMs } of row.troubles) {
    const [left, right] = [x(begin), x(toMs ?? nowMs)];
    const words = `no login succeeded from ${clock(begin)} ${toMs ? `to ${clock(toMs)}` : 'until now'}`;
    titled(
      shape(
        'rect',
        { class: 'trouble', x: left, y: 0, width: Math.max(2, right - left), height: floor },
        svg,
      ),
      words,
    );
  }
  const isCurrent = ({ credential }) => credential === row.status.credential;
  for (const life of row.lives) {
    const isKey = life.toMs === undefined && row.status.expiresAtMs === undefined;
    const end = life.toMs ?? nowMs + aheadMs;
    const [left, right] = [x(life.fromMs), x(end)];
    if (right <= 0) continue;
    const words = isKey
      ? `a key, in use since ${clock(life.fromMs)}`
      : `token ${life.credential}, ${clock(life.fromMs)} to ${clock(end)}${isCurrent(life) ? ', in use' : ''}`;
    titled(
      shape(
        'rect',
        {
          class: isKey ? 'key' : isCurrent(life) && isRefused(row.status) ? 'token refused' : 'token',
          x: left + 0.5,
          y: 4,
          width: Math.max(1.5, right - left - 1),
          height: lives - 4,
          rx: 2,
        },
        svg,
      ),
      words,
    );
  }
  if (row.rates) drawRates(svg, row.rates, { x, top: 41, floor, startedAtMs });
  shape('line', { class: 'grid', x1: x(nowMs), x2: x(nowMs), y1: 0, y2: floor }, svg);
  for (const { atMs, kind, words, times: count } of row.marks) {
    const path = shape('path', { class: `mark mark-${kind}`, d: MARKS[kind] ?? MARKS.noted }, svg);
    path.setAttribute('transform', `translate(${x(atMs)} ${LANES[kind] ?? LANES.noted})`);
    titled(path, `${clock(atMs)} ${withRoundedTimes(words)}${count > 1 ? ` (${count} times)` : ''}`);
  }
  box.replaceChildren(svg);
}

function drawRates(svg, { fromMs, everyMs, calls, failed }, { x, top, floor, startedAtMs }) {
  const most = Math.max(2, ...calls);
  const y = (value) => floor - 1 - (value / most) * (floor - top);
  const middle = (at) => x(fromMs + (at + 0.5) * everyMs);
  const barWidth = Math.max(1.5, x(fromMs + everyMs) - x(fromMs) - 0.5);
  failed.forEach((value, at) => {
    if (value === 0) return;
    const bar = shape(
      'rect',
      {
        class: 'failed-calls',
        x: middle(at) - barWidth / 2,
        y: y(value),
        width: barWidth,
        height: Math.max(1.5, floor - y(value)),
      },
      svg,
    );
    titled(bar, `${value} of ${calls[at]} calls failed at ${clock(fromMs + at * everyMs)}`);
  });
  // The last piece is not over yet. In the drawing it would look like a fall.
  const points = calls
    .slice(0, -1)
    .map((value, at) => `${middle(at).toFixed(1)},${y(value).toFixed(1)}`)
    .filter((_, at) => fromMs + (at + 1) * everyMs > startedAtMs);
  if (sum(calls) > 0) shape('polyline', { class: 'rate', points: points.join(' ') }, svg);
}

function inWords({ status, marks, rates, troubles }, nowMs) {
  const count = (kind) => sum(marks.filter((mark) => mark.kind === kind).map((mark) => mark.times));
  const failed = rates ? sum(rates.failed) : 0;
  const open = troubles.some(({ toMs }) => toMs === undefined);
  return [
    `The last two minutes of ${nameOf(status)}:`,
    `${rates ? sum(rates.calls) : 0} calls, ${failed} failed,`,
    `${count('renewed')} new credentials, ${count('refused')} refusals, ${count('replayed')} sent again,`,
    `${count('failed')} failed logins.`,
    open ? `Logins have failed for ${span(nowMs - troubles.at(-1).fromMs)}.` : '',
  ].join(' ');
}

// --- A card -----------------------------------------------------------------------------------------------------

function cardOf({ key, status, actions = [], actionsLabel = 'Actions' }) {
  let card = cards.get(key);
  if (card !== undefined) return card;
  card = byId('row').content.firstElementChild.cloneNode(true);
  card.dataset.key = status.account === undefined ? status.provider : `${status.provider}/${status.account}`;
  const scopes = status.scopes?.length > 0 ? ` (${status.scopes.join(' ')})` : '';
  card.querySelector('.name').textContent = nameOf(status) + scopes;
  const acting = card.querySelector('.acting');
  acting.hidden = actions.length === 0;
  // On a phone the buttons would push everything else off the screen.
  acting.open = matchMedia('(width >= 40rem)').matches;
  acting.querySelector('summary').textContent = actionsLabel;
  card.querySelector('.actions').append(...actions.map((action) => buttonOf(action, card)));
  cards.set(key, card);
  return card;
}

function buttonOf({ name, label, title, url, done }, card) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = label;
  button.title = title;
  button.dataset.button = name;
  const press = async () => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    const pressed = card.querySelector('.pressed');
    // `disabled` would take the focus away from a user of the keyboard.
    button.setAttribute('aria-disabled', 'true');
    delete button.dataset.done;
    pressed.textContent = `${label} …`;
    try {
      const answer = await fetch(url, { method: 'POST' });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      button.dataset.done = '';
      pressed.textContent = `✓ ${clock(Date.now())} ${done}`;
      setTimeout(() => delete button.dataset.done, 4000);
    } catch (error) {
      pressed.textContent = `✕ ${label}: the button had no effect (${error.message})`;
    } finally {
      button.removeAttribute('aria-disabled');
    }
    void ask();
  };
  button.addEventListener('click', () => void press());
  return button;
}

/** Whether no call has tried the key yet. Only a call shows whether a key is valid. */
const isUntried = ({ status }) =>
  status.state === 'fresh' && status.expiresAtMs === undefined && status.counters.calls === 0;

/** The state, and its effect on calls. */
function signOf(row) {
  const { state } = row.status;
  if (row.trouble === 'waiting') return ['bad', '◌', 'calls wait: logins fail'];
  if (row.trouble === 'slow') return ['warn', '◌', 'calls wait: the login takes long'];
  if (row.trouble === 'failing' && state === 'degraded') return ['bad', '✕', 'calls fail, and so do logins'];
  // Some calls fail and others succeed, or the failures ended a moment ago.
  if (
    row.trouble === 'failing' &&
    row.explanation?.lastFailure !== undefined &&
    row.explanation.cause === undefined
  )
    return ['bad', '✕', 'calls failed a moment ago; the last one succeeded'];
  if (row.trouble === 'failing') return ['bad', '✕', 'calls fail; the credential is fresh'];
  if (row.trouble === 'failed') return ['warn', '▲', 'the last call failed'];
  if (row.trouble === 'outdated') return ['warn', '▲', 'serves, with an earlier secret'];
  if (isUntried(row)) return ['calm', '○', 'a key that no call has tried yet'];
  // A key is in use also while its resolver is called again.
  if (state === 'idle' && perSecond(row.rates, 'calls') > 0) return STATES.fresh;
  return STATES[state] ?? ['warn', '?', state];
}

function show(row, snapshot) {
  const card = cardOf(row);
  const { status, explanation, note } = row;
  const { nowMs } = snapshot;
  const [tone, sign, words] = signOf(row);
  const state = card.querySelector('.state');
  state.className = `state ${tone}`;
  state.querySelector('.sign').textContent = sign;
  const isOfState = ['rejected', 'unavailable', 'waiting', 'slow', 'degraded'].includes(row.trouble);
  const forMs = explanation !== undefined && isOfState ? nowMs - explanation.sinceMs : 0;
  const since = forMs < 1000 ? '' : `, for ${span(forMs)}`;
  state.querySelector('.word').textContent = words + since;
  card.dataset.state = status.state;
  card.dataset.tone = toneOf(row);
  card.querySelector('.place').textContent = [explanation?.environment, explanation?.host, row.scheme]
    .filter(Boolean)
    .join(' · ');
  showWhy(card.querySelector('.why'), row, snapshot);
  draw(card.querySelector('.strip'), row, snapshot);
  card.querySelector('.life').textContent = [lifeOf(row, nowMs), certificateOf(row, nowMs), note?.words]
    .filter(Boolean)
    .join(' · ');
  showFacts(card.querySelector('.facts'), row);
  showLog(card.querySelector('.log'), row, nowMs);
  return card;
}

function showWhy(box, { explanation, trouble }, { nowMs }) {
  const isSlow = trouble === 'slow' && explanation?.cause !== undefined;
  const failure = isSlow ? undefined : explanation?.lastFailure;
  box.hidden = failure === undefined && !isSlow;
  if (box.hidden) return;
  const isOver = explanation.cause === undefined;
  box.title = failure?.reason ?? '';
  box.toggleAttribute('data-over', isOver);
  box.querySelector('.what').textContent =
    failure === undefined ? 'Nothing has failed yet.' : whatFailed(failure, isOver, nowMs);
  box.querySelector('.cause').textContent = isOver ? '' : `Cause: ${explanation.cause}.`;
  const paused =
    explanation.pausedUntilMs > nowMs ? ` Next attempt in ${span(explanation.pausedUntilMs - nowMs)}.` : '';
  box.querySelector('.fix').textContent = isOver ? '' : `What to do: ${explanation.fix}.${paused}`;
}

function whatFailed(failure, isOver, nowMs) {
  const where = failure.host === undefined ? '' : ` at ${failure.host}`;
  const said =
    failure.status === undefined || failure.reason.includes(`HTTP ${failure.status}`)
      ? ''
      : ` (HTTP ${failure.status})`;
  const on = isRefusal(failure) ? 'A call was refused' : FAILED_ON[failure.on];
  const tense = isOver ? 'Over: ' : '';
  return `${tense}${on} ${ago(nowMs, failure.atMs)}${where}: ${withRoundedTimes(failure.reason)}${said}`;
}

/** Whether the token is alive and no call succeeds, because the provider refuses it. */
const isRefused = ({ state, credential, expiresAtMs }) =>
  (state === 'rejected' || state === 'unavailable') && credential !== undefined && expiresAtMs !== undefined;

function lifeOf({ status, lives }, nowMs) {
  const { credential, expiresAtMs, obtainedAtMs, counters, state } = status;
  if (credential !== undefined && expiresAtMs !== undefined) {
    if (isRefused(status)) return `token ${credential}, which is refused`;
    const left =
      expiresAtMs > nowMs
        ? `${span(expiresAtMs - nowMs)} left of ${span(expiresAtMs - obtainedAtMs)}`
        : 'at its end';
    return `token ${credential}: ${left}`;
  }
  const wasToken =
    counters.tokenRequests > 0 || lives.some(({ toMs }) => toMs !== undefined && credential === undefined);
  if (credential !== undefined && !wasToken) return `key ${credential}, which does not expire`;
  if (wasToken && state !== 'idle') return 'no token';
  return '';
}

/** The page shows the end of a certificate a month ahead, because it takes people days to get a new one. */
function certificateOf({ explanation }, nowMs) {
  const leftMs = (explanation?.certificateEndsAtMs ?? Infinity) - nowMs;
  if (leftMs > 30 * 86_400_000) return '';
  return leftMs > 0 ? `its certificate ends in ${span(leftMs)}` : 'its certificate has ended';
}

function showFacts(box, row) {
  const { counters } = row.status;
  const facts = [
    ['callsPerSecond', perSecond(row.rates, 'calls').toFixed(1), 'calls/s'],
    ['calls', number(counters.calls), counters.calls === 1 ? 'call' : 'calls'],
    ['failed', number(counters.failedCalls), 'failed', counters.failedCalls > 0 && 'bad'],
    ['sentAgain', number(counters.replays), 'sent twice'],
    ['logins', number(counters.tokenRequests), counters.tokenRequests === 1 ? 'login' : 'logins'],
    ...(counters.tokenFailures > 0
      ? [['failedLogins', number(counters.tokenFailures), 'of them failed', 'bad']]
      : []),
  ];
  fill(box, facts);
}

/** The same elements are filled again and again, so that a selected figure stays selected. */
function fill(box, facts) {
  const wanted = new Set(facts.map(([name]) => name));
  for (const old of Array.from(box.children)) if (!wanted.has(old.dataset.fact)) old.remove();
  facts.forEach(([name, value, label, tone], at) => {
    let pair = box.querySelector(`[data-fact="${name}"]`);
    if (pair === null) {
      pair = document.createElement('div');
      pair.dataset.fact = name;
      pair.append(document.createElement('dt'), document.createElement('dd'));
      box.insertBefore(pair, box.children[at] ?? null);
    }
    pair.dataset.tone = tone || '';
    const [dt, dd] = pair.children;
    if (dt.textContent !== label) dt.textContent = label;
    if (dd.textContent !== value) dd.textContent = value;
  });
}

function showLog(box, { marks }, nowMs) {
  const recent = marks.slice(-MOST_LINES).toReversed();
  box.hidden = recent.length === 0;
  const [newest] = recent;
  if (newest === undefined) return;
  box.querySelector('summary').textContent =
    `Last: ${withRoundedTimes(newest.words)}${newest.times > 1 ? ` (${newest.times} times)` : ''}, ${ago(nowMs, newest.atMs)}`;
  if (!box.open) return;
  const lines = recent.map(({ atMs, words, times: count }) => {
    const line = document.createElement('li');
    const time = document.createElement('time');
    time.textContent = clock(atMs);
    const text = document.createElement('span');
    text.textContent = withRoundedTimes(words) + (count > 1 ? ` (${count} times)` : '');
    line.append(time, text);
    return line;
  });
  box.querySelector('ol').replaceChildren(...lines);
}

// --- The whole page --------------------------------------------------------------------------------------------------

function showAll(snapshot) {
  last = snapshot;
  const { totals, callsPerSecond, nowMs, startedAtMs, rows, leftOut, states, page } = snapshot;
  const { tone, words } = verdictOf(snapshot);
  const verdict = byId('verdict');
  verdict.dataset.tone = tone;
  if (verdict.textContent !== words) verdict.textContent = words;
  document.title =
    tone === 'bad'
      ? '✕ Payment credentials'
      : tone === 'warn'
        ? '▲ Payment credentials'
        : 'Payment credentials';
  fill(byId('totals'), [
    ['calls', number(totals.calls), `calls (${callsPerSecond.toFixed(1)}/s)`],
    ['failed', number(totals.failed), 'failed', totals.failed > 0 && 'bad'],
    ['sentAgain', number(totals.sentAgain), 'sent twice'],
    [
      'logins',
      number(totals.logins),
      totals.failedLogins > 0 ? `logins (${number(totals.failedLogins)} failed)` : 'logins',
      '',
    ],
    ...(page?.totals ?? []).map(({ name, value, label, tone: how }) => [name, number(value), label, how]),
  ]);
  const only = byId('troubled').checked;
  const wanted = rows.map((row) => show(row, snapshot));
  arrange(byId('rows'), wanted);
  for (const [key, card] of cards) if (!wanted.includes(card)) cards.delete(key);
  const count = sum(Object.values(states));
  byId('rest').textContent = [
    rows.length === 0 ? (only ? 'Nothing needs attention.' : 'No credential fits.') : '',
    leftOut > 0 ? `${number(leftOut)} more; the worst are shown. Use the search to find others.` : '',
    `${times(count, 'credential', 'credentials')} in this process, which has run for ${span(nowMs - startedAtMs)}.`,
  ]
    .filter(Boolean)
    .join(' ');
  connected(true);
}

/** Moves only the elements that have to move, so that the focus stays where it is. */
function arrange(parent, wanted) {
  for (const old of Array.from(parent.children)) if (!wanted.includes(old)) old.remove();
  wanted.forEach((card, at) => {
    if (parent.children[at] !== card) parent.insertBefore(card, parent.children[at] ?? null);
  });
  // An element outside of the document has no width, and could not be drawn before.
  for (const card of wanted) {
    const box = card.querySelector('.strip');
    if (box.firstChild?.viewBox?.baseVal.width !== Math.max(200, box.clientWidth)) {
      const row = last.rows.find(({ key }) => cards.get(key) === card);
      if (row) draw(box, row, last);
    }
  }
}

function connected(isConnected, why = '') {
  const line = byId('connection');
  const words = isConnected
    ? 'live'
    : `no answer from the application since ${last ? clock(last.nowMs) : 'the start'}${why}`;
  line.dataset.tone = isConnected ? '' : 'bad';
  if (line.textContent !== words) line.textContent = words;
  if (!isConnected) {
    byId('verdict').dataset.tone = 'stale';
    if (last) byId('verdict').textContent = 'What stands below is old.';
  }
}

function queryNow() {
  const query = new URLSearchParams();
  const search = byId('search').value.trim();
  if (search !== '') query.set('search', search);
  if (byId('troubled').checked) query.set('troubled', '1');
  return query.size === 0 ? '' : `?${query}`;
}

async function ask() {
  if (isAsking) return;
  isAsking = true;
  try {
    const query = queryNow();
    const answer = await fetch(`${base}/status.json${query}`, { headers: { Accept: 'application/json' } });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const snapshot = await answer.json();
    // The search has changed meanwhile, so this answer is too old.
    if (query === queryNow()) showAll(snapshot);
    else queueMicrotask(() => void ask());
  } catch (error) {
    connected(false, error.message.startsWith('HTTP') ? ` (${error.message})` : '');
  } finally {
    isAsking = false;
  }
}

function legend() {
  for (const [state, meaning] of FIVE_STATES) {
    const [tone, sign, words] = STATES[state];
    const dt = document.createElement('dt');
    dt.className = tone;
    dt.textContent = `${sign} ${words}`;
    const dd = document.createElement('dd');
    dd.textContent = meaning;
    byId('states').append(dt, dd);
  }
  for (const [kind, words] of SIGNS) {
    const item = document.createElement('li');
    const svg = shape('svg', { viewBox: '-11 -7 22 14', 'aria-hidden': 'true' });
    shape('path', { class: `mark mark-${kind}`, d: MARKS[kind] }, svg);
    item.append(svg, words);
    byId('signs').append(item);
  }
  const strips = [
    ['token', 'life of a token'],
    ['key', 'a key'],
    ['trouble', 'logins fail'],
    ['failed-calls', 'failed calls'],
  ];
  for (const [name, words] of strips) {
    const item = document.createElement('li');
    const svg = shape('svg', { viewBox: '0 0 22 14', 'aria-hidden': 'true' });
    shape('rect', { class: name, x: 1, y: 2, width: 20, height: 10 }, svg);
    item.append(svg, words);
    byId('signs').append(item);
  }
  const item = document.createElement('li');
  const svg = shape('svg', { viewBox: '0 0 22 14', 'aria-hidden': 'true' });
  shape('polyline', { class: 'rate', points: '1,11 8,4 14,8 21,3' }, svg);
  item.append(svg, 'calls a second');
  byId('signs').append(item);
}

legend();
byId('search').addEventListener('input', () => void ask());
byId('troubled').addEventListener('change', () => void ask());
document.addEventListener('toggle', () => last && showAll(last), true);
document.addEventListener('keydown', (event) => {
  const isTyping = /^(?:INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? '');
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  byId('search').focus();
});
window.addEventListener('resize', () => last && showAll(last));
document.addEventListener('visibilitychange', () => void (document.visibilityState === 'visible' && ask()));
setInterval(() => void (document.visibilityState === 'visible' && ask()), EVERY_MS);
void ask();
