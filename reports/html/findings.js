// findings.js - the list of findings: grouped by kind, searched, filtered by kind and state.
//
// Races of the same two functions on the same memory (the finding's `group`) stand under the first of them, and are folded away until it is
// chosen or something is searched for.
// Every row is made once and then only shown or hidden, so that filtering thousands stays instant.
// State: `filter` (what is asked for), `rows` (each with its element, finding, searchable text and the first row of its group).
const filter = { text: '', kinds: new Set(), states: new Set() };
const unfolded = new Set();
let rows = [];
let listPane = null;

function placeOf(finding) {
    const event = list(finding.events)[0];
    const frame = event && ownFrame(event);
    return frame ? `${frame.function ? `${frame.function} · ` : ''}${placeShort(frame)}` : '';
}

// What the search looks through: the words of the row and every function and file of the finding.
function searchText(finding) {
    const parts = [finding.kind, finding.rule, finding.message, finding.fingerprint, finding.program];
    for (const event of list(finding.events)) {
        parts.push(threadName(threadOf(event)));
        for (const frame of stackOf(event)) parts.push(frame.function, baseName(frame.file));
    }
    for (const lock of list(finding.locks)) parts.push(lock.name);
    return [...new Set(parts.filter(Boolean))].join('\n').toLowerCase();
}

const groupKey = (finding) => finding.group ? `${finding.group} ${stateOf(finding)}` : null;

// The others of the finding's group, in the order of the list.
function alikeOf(finding) {
    const key = groupKey(finding);
    return key ? findings.filter((other) => other !== finding && groupKey(other) === key) : [];
}

// Each group where its first finding is.
function together(sorted) {
    const groups = new Map();
    for (const finding of sorted) {
        const key = groupKey(finding) ?? finding;
        if (groups.has(key)) groups.get(key).push(finding);
        else groups.set(key, [finding]);
    }
    return [...groups.values()];
}

function makeRows(group) {
    const made = group.map((finding, i) => makeRow(finding, i, group.length));
    for (const row of made) row.first = made[0];
    return made;
}

function makeRow(finding, place, of) {
    const state = stateOf(finding);
    const element = h('a', { class: place ? 'row alike' : 'row', href: `#${finding.fingerprint}`, 'data-state': state },
        h('span', { class: 'message' }, sentence(finding.message)),
        h('span', { class: 'where' }, placeOf(finding)),
        h('span', { class: 'badges' }, state !== 'open' && h('span', { class: `badge ${state}` }, state),
            finding.confidence !== 'observed' && h('span', { class: 'badge' }, finding.confidence),
            finding.count > 1 && h('span', { class: 'badge' }, `×${number(finding.count)}`),
            !place && of > 1 && h('span', { class: 'badge', title: 'More of the same two functions on the same memory' }, `+${number(of - 1)} alike`)));
    return { element, finding, state, text: null };
}

function chip(label, group, value, count) {
    const button = h('button', { type: 'button', class: 'chip', 'aria-pressed': group.has(value), 'data-value': value },
        label, h('span', { class: 'count' }, number(count)));
    button.addEventListener('click', () => {
        if (group.has(value)) group.delete(value);
        else group.add(value);
        applyFilter();
    });
    return button;
}

function chips(group, key, title) {
    const counts = new Map();
    for (const row of rows) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1);
    if (counts.size < 2) return null;
    return h('div', { class: 'chips', role: 'group', 'aria-label': title },
        [...counts].map(([value, count]) => chip(value, group, value, count)));
}

function groupOf(kind, members) {
    return h('section', { class: 'group', 'data-kind': kind, 'aria-label': kindTitle(kind) },
        h('h2', null, kindTitle(kind), h('span', { class: 'count' })), members.map((row) => row.element));
}

function matches(row, words) {
    if (filter.kinds.size && !filter.kinds.has(row.finding.kind)) return false;
    if (filter.states.size && !filter.states.has(row.state)) return false;
    if (words.length && row.text === null) row.text = searchText(row.finding);
    return words.every((word) => row.text.includes(word));
}

function applyFilter() {
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Map();
    let total = 0;
    for (const row of rows) {
        const match = matches(row, words);
        row.element.hidden = !match || (row !== row.first && !words.length && !unfolded.has(row.first));
        if (!match) continue;
        total += 1;
        shown.set(row.finding.kind, (shown.get(row.finding.kind) ?? 0) + 1);
    }
    for (const group of listPane.querySelectorAll('.group')) {
        const count = shown.get(group.dataset.kind) ?? 0;
        group.hidden = !count;
        group.querySelector('.count').textContent = number(count);
    }
    for (const button of listPane.querySelectorAll('.chip')) {
        button.setAttribute('aria-pressed', filter.kinds.has(button.dataset.value) || filter.states.has(button.dataset.value));
    }
    const status = listPane.querySelector('.shown');
    status.textContent = total === rows.length ? plural(total, 'finding') : `${number(total)} of ${plural(rows.length, 'finding')}`;
    listPane.querySelector('.none').hidden = total > 0;
}

function buildList() {
    rows = together([...findings].sort((a, b) => kindOrder(a.kind) - kindOrder(b.kind))).flatMap(makeRows);
    const search = h('input', { type: 'search', id: 'search', placeholder: 'Search function, file, lock, thread  ( / )',
        'aria-label': 'Search findings', autocomplete: 'off', spellcheck: 'false' });
    search.addEventListener('input', () => { filter.text = search.value; applyFilter(); });
    const kinds = [...new Set(rows.map((row) => row.finding.kind))];
    listPane = h('aside', { class: 'list', 'aria-label': 'Findings' },
        h('div', { class: 'tools' }, search, chips(filter.kinds, (row) => row.finding.kind, 'Kinds'),
            chips(filter.states, (row) => row.state, 'States'), h('p', { class: 'shown', role: 'status' })),
        h('nav', { class: 'rows', 'aria-label': 'List of findings' },
            kinds.map((kind) => groupOf(kind, rows.filter((row) => row.finding.kind === kind))),
            h('p', { class: 'none', hidden: true }, findings.length ? 'No finding matches.' : 'Nothing was found.')));
    applyFilter();
}

function showFindings(current) {
    if (!listPane) buildList();
    const first = rows.find((row) => row.finding === current)?.first;
    if (first && !unfolded.has(first)) {
        unfolded.add(first);
        applyFilter();
    }
    for (const row of rows) {
        if (row.finding === current) row.element.setAttribute('aria-current', 'page');
        else row.element.removeAttribute('aria-current');
    }
    const shown = current ? showFinding(current) :
        h('article', { class: 'page empty' }, h('p', null, findings.length ? 'Choose a finding, or press j and k to go through them.' : 'Nothing was found.'));
    return h('div', { class: `split ${current ? 'has-finding' : ''}` }, listPane, shown);
}

// The next visible finding in the direction of `step`, from the one that is shown.
function neighbour(current, step) {
    const visible = rows.filter((row) => !row.element.hidden);
    const at = visible.findIndex((row) => row.finding === current);
    const next = at < 0 ? (step > 0 ? 0 : visible.length - 1) : Math.min(visible.length - 1, Math.max(0, at + step));
    return visible[next]?.finding;
}
