// app.js - which page is shown (the address behind '#'), the keys, and the frame around it all.

const PAGES = [
    ['overview', 'Overview', showOverview], ['findings', 'Findings', () => showFindings(null)],
    ['locks', 'Locks', showLocks], ['threads', 'Threads', showThreads], ['graph', 'Order of locks', showGraph],
];
const KEYS = [['j ↓', 'next finding'], ['k ↑', 'previous finding'], ['/', 'search'], ['Enter', 'open the chosen finding'],
    ['Esc', 'leave the search, close, go back to the list'], ['1 … 5', 'the pages'], ['?', 'these keys']];
let currentFinding = null;
let currentPage = 'overview';

function buildFrame() {
    const runs = list(doc.runs).length;
    const program = runs > 1 ? plural(runs, 'run') : baseName(list(doc.run?.command)[0] ?? list(doc.processes)[0]?.program);
    document.body.prepend(
        h('a', { class: 'skip', href: '#main', onclick: (e) => { e.preventDefault(); document.getElementById('main').focus(); } }, 'Skip to content'),
        h('header', { class: 'top' },
            h('a', { class: 'brand', href: '#overview' }, 'snarl', h('span', null, program)),
            h('nav', { 'aria-label': 'Pages' }, PAGES.map(([id, title]) => h('a', { href: `#${id}`, 'data-page': id }, title,
                id === 'findings' && h('span', { class: 'count' }, number(findings.length))))),
            h('button', { type: 'button', class: 'help', 'aria-label': 'Keys', onclick: toggleHelp }, '?')),
        h('main', { id: 'main', tabindex: '-1' }),
        h('div', { id: 'announce', class: 'offscreen', role: 'status' }),
        h('dialog', { id: 'help', 'aria-label': 'Keys' }, h('h2', null, 'Keys'),
            h('dl', null, KEYS.map(([key, words]) => h('div', null, h('dt', null, h('kbd', null, key)), h('dd', null, words)))),
            h('form', { method: 'dialog' }, h('button', null, 'Close'))));
}

function toggleHelp() {
    const help = document.getElementById('help');
    if (help.open) help.close();
    else help.showModal();
}

function decode(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

function route() {
    const [name, kind] = decode(location.hash.slice(1)).split(/:(.*)/);
    const finding = findings.find((f) => f.fingerprint === name);
    if (name === 'not-seen') { show('overview'); document.getElementById('not-seen')?.scrollIntoView(); return; }
    if (!finding && kind !== undefined && name === 'findings') {
        if (!listPane) buildList();
        filter.kinds.clear();
        filter.kinds.add(kind);
        applyFilter();
    }
    if (finding) show('findings', finding);
    else show(PAGES.some(([id]) => id === name) ? name : 'overview');
}

function show(page, finding = null) {
    const main = document.getElementById('main');
    const scrolled = listPane?.querySelector('.rows').scrollTop;
    currentPage = page;
    currentFinding = finding;
    main.className = page;
    main.replaceChildren(finding ? showFindings(finding) : PAGES.find(([id]) => id === page)[2]());
    if (scrolled && page === 'findings') listPane.querySelector('.rows').scrollTop = scrolled;
    for (const link of document.querySelectorAll('nav [data-page]')) {
        if (link.dataset.page === page) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
    }
    if (finding) {
        listPane.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
        announce(finding.message);
    }
    window.scrollTo(0, 0);
}

function step(by) {
    if (!listPane) buildList();
    const next = neighbour(currentFinding, by);
    if (next && next !== currentFinding) location.hash = next.fingerprint;
}

function escape() {
    const search = document.getElementById('search');
    if (search && document.activeElement === search) {
        search.value = '';
        search.dispatchEvent(new Event('input'));
        search.blur();
    } else if (currentFinding) location.hash = 'findings';
    else if (currentPage !== 'overview') location.hash = 'overview';
}

function openSearch() {
    if (!document.getElementById('search')) { location.hash = 'findings'; show('findings'); }
    document.getElementById('search').focus();
    document.getElementById('search').select();
}

function onKey(event) {
    const typing = event.target.closest?.('input, textarea');
    if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById('help').open) return;
    if (event.key === 'Escape') return escape();
    const down = event.key === 'ArrowDown';
    if (typing && !(down || event.key === 'Enter')) return;
    const scrolls = event.target.closest?.('pre, .scroll, svg') || (currentPage !== 'findings' && event.key.startsWith('Arrow'));
    if (scrolls && event.key.startsWith('Arrow')) return;
    if (typing) typing.blur();
    const actions = { j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
        '/': openSearch, '?': toggleHelp, Enter: typing && (() => step(1)) };
    const action = actions[event.key] || (/^[1-5]$/.test(event.key) && (() => { location.hash = PAGES[event.key - 1][0]; }));
    if (!action) return;
    event.preventDefault();
    action();
}

buildFrame();
window.addEventListener('hashchange', route);
document.addEventListener('keydown', onKey);
window.addEventListener('beforeprint', () => document.querySelectorAll('.finding details').forEach((d) => { d.open = true; }));
route();
