// places.js - the pages on locks (where time goes) and on threads (who made whom, and when each lived).

function lockKey(lock) {
    const created = lock.created && ownFrame(lock.created);
    return created ? placeShort(created) : lock.class ?? '';
}

function showLocks() {
    const all = list(doc.locks);
    const most = Math.max(1e-12, ...all.map((l) => l.wait_s ?? 0));
    const columns = [
        { title: 'Lock', value: (l) => lockName(l.id), show: (l) => h('b', { id: `lock-${l.id}` }, lockName(l.id)) },
        { title: 'Kind', value: (l) => l.kind ?? '' },
        { title: 'Taken', numeric: true, value: (l) => l.acquisitions ?? 0, show: (l) => number(l.acquisitions) },
        { title: 'Contended', numeric: true, value: (l) => l.contended ?? 0, show: (l) => [number(l.contended),
            l.acquisitions ? h('span', { class: 'dim' }, ` ${(100 * (l.contended ?? 0) / l.acquisitions).toFixed(1)} %`) : null] },
        { title: 'Waited in all', numeric: true, value: (l) => l.wait_s ?? 0, show: (l) => [h('span', { class: 'bar inline' },
            h('i', { css: { width: `${100 * (l.wait_s ?? 0) / most}%` } })), h('span', { class: 'share' }, seconds(l.wait_s ?? 0))] },
        { title: 'Longest hold', numeric: true, value: (l) => l.hold_max_s ?? 0, show: (l) => seconds(l.hold_max_s ?? 0) },
        { title: 'Made at', value: lockKey },
    ];
    return h('article', { class: 'page' }, h('h1', null, 'Locks'),
        h('p', { class: 'lead' }, all.length ? 'Where threads waited: a lock that is waited for long, or held long, is where time goes.' :
            'This run reports on no locks.'),
        all.length ? sortedTable('Locks', columns, all, 4) : null);
}

function lifeLine(thread, end) {
    const start = thread.start_s ?? 0;
    const stop = thread.end_s ?? end;
    const words = `${seconds(start)} to ${thread.end_s === null || thread.end_s === undefined ? 'the end' : seconds(stop)}`;
    return h('span', { class: 'life', title: words, role: 'img', 'aria-label': words }, h('i', { css: {
        left: `${100 * start / end}%`, width: `${Math.max(0.6, 100 * (stop - start) / end)}%` } }));
}

const THREADS_SHOWN = 2000;

// Depth-first from the threads without a creator; each only once, whatever the document says.
function threadOrder(all) {
    const children = new Map();
    const known = new Set(all.map((t) => t.id));
    for (const thread of all) {
        const parent = known.has(thread.creator) ? thread.creator : null;
        children.set(parent, [...(children.get(parent) ?? []), thread]);
    }
    const order = [];
    const seen = new Set();
    const left = [...(children.get(null) ?? [])].reverse().map((thread) => [thread, 0]);
    const visit = () => {
        while (left.length) {
            const [thread, depth] = left.pop();
            if (seen.has(thread.id)) continue;
            seen.add(thread.id);
            order.push([thread, depth]);
            for (const child of [...(children.get(thread.id) ?? [])].reverse()) left.push([child, depth + 1]);
        }
    };
    visit();
    for (const thread of all) { left.push([thread, 0]); visit(); }
    return order;
}

function threadRow([thread, depth], end) {
    const site = thread.created && ownFrame(thread.created);
    const fate = thread.end_s === null || thread.end_s === undefined ? 'alive at the end' :
        thread.joined ? 'joined' : thread.detached ? 'detached' : thread.main ? 'main thread' : 'never joined';
    return h('tr', null, h('th', { scope: 'row', css: { 'padding-left': `${12 + 18 * Math.min(depth, 20)}px` } },
        depth > 0 && h('span', { class: 'dim', 'aria-hidden': 'true' }, '└ '), threadName(thread), h('span', { class: 'dim' }, ` ${threadTagBeside(thread)}`)),
    h('td', null, lifeLine(thread, end)), h('td', null, fate), h('td', null, site ? `${site.function ?? ''} ${placeShort(site)}` : ''));
}

function showThreads() {
    const all = list(doc.threads).slice(0, THREADS_SHOWN);
    const byProcess = new Map();
    for (const thread of all) byProcess.set(thread.process, [...(byProcess.get(thread.process) ?? []), thread]);
    const blocks = [...byProcess].map(([key, threads]) => {
        const process = processOf(key);
        const end = Math.max(process?.duration_s ?? 0, 1e-9, ...threads.map((t) => t.end_s ?? t.start_s ?? 0));
        const title = process ? `${baseName(process.program)}, pid ${process.pid}` : `Process ${key}`;
        return section(title, h('div', { class: 'scroll' }, h('table', { class: 'threads' },
            h('thead', null, h('tr', null, ['Thread', `Life, 0 to ${seconds(end)}`, 'At the end', 'Created at'].map((t) =>
                h('th', { scope: 'col' }, t)))),
            h('tbody', null, threadOrder(threads).map((row) => threadRow(row, end))))));
    });
    const left = list(doc.threads).length - all.length;
    return h('article', { class: 'page' }, h('h1', null, 'Threads'),
        h('p', { class: 'lead' }, all.length ? 'Each thread under the one that created it, and when it lived.' : 'This run reports on no threads.'),
        blocks, left > 0 && h('p', { class: 'dim' }, `and ${number(left)} more threads`));
}
