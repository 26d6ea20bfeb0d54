// finding.js - one finding in full: what can go wrong, the picture, who did what when, where it all comes from.

const ROLE_ORDER = { create: 0, init: 1, allocate: 2, hold: 3, free: 4, acquire: 5, access: 6, wait: 7, release: 8, signal: 9 };
const CONTEXT_SHOWN = 2; // source lines above and below in a card; a stack shows all that is embedded

function verb(event, finding) {
    const lock = event.lock && h('b', null, lockName(event.lock));
    const shared = /shared$/.test(event.what ?? '') && ' for reading';
    switch (event.role) {
    case 'hold': return ['takes ', lock ?? event.what, shared];
    case 'acquire':
        if (finding.kind === 'lock-order-inversion') return ['then takes ', lock ?? event.what, shared];
        return [event.what, lock && [': ', lock]];
    case 'wait': {
        const ever = finding.kind === 'deadlock' || finding.kind === 'stall' ? ', for ever' : '';
        const joined = !lock && finding.kind === 'deadlock' && joinedBy(finding, event);
        if (joined) return ['waits for ', h('b', null, threadName(joined)), ' to end', ever];
        if (lock && /^(waits to acquire|pthread_mutex_|pthread_rwlock_)/.test(event.what ?? '')) return ['waits for ', lock, shared, ever];
        return [/^wa(its|nts)/.test(event.what ?? '') ? event.what : ['waits in ', h('b', null, event.what)], lock && [': ', lock], ever];
    }
    case 'access': {
        const target = event.target && event.target !== finding.location?.symbol && [', here ', h('code', null, event.target)];
        return [event.what || (event.write ? 'write' : 'read'), target];
    }
    default: return [event.what || event.role, lock && [': ', lock]];
    }
}

function sourceLines(frame, context) {
    const file = frame?.file && data.sources[frame.file];
    if (!file) return null;
    const lines = [];
    for (let n = frame.line - context; n <= frame.line + context; n += 1) {
        if (Object.hasOwn(file, n)) lines.push([n, file[n]]);
    }
    if (!lines.length) return null;
    const indent = Math.min(...lines.filter(([, text]) => text.trim()).map(([, text]) => text.match(/^\s*/)[0].length));
    return h('pre', { class: 'source', tabindex: '0', 'aria-label': `${frame.file}, line ${frame.line}` }, lines.map(([n, text]) =>
        h(n === frame.line ? 'mark' : 'span', { class: 'line' },
            h('i', { 'aria-hidden': 'true' }, n), h('code', null, text.slice(Math.min(indent, text.length)) || ' '))));
}

function frameItem(frame, open) {
    const source = sourceLines(frame, 8);
    const place = frame.file ? `${frame.file}:${frame.line}${frame.column ? `:${frame.column}` : ''}` : '';
    const head = [h('b', null, frame.function || '??'), frame.inlined && h('span', { class: 'badge' }, 'inlined'), ' ',
        h('span', { class: 'path' }, place || `${frame.module ?? ''}${frame.offset ? `+${frame.offset}` : ''}`)];
    const cls = isRuntime(frame) ? 'dim' : null;
    if (!source) return h('li', { class: cls }, h('div', { class: 'frame' }, head));
    return h('li', { class: cls }, h('details', { open }, h('summary', { class: 'frame' }, head), source));
}

function stackList(event, openFirst) {
    const frames = stackOf(event);
    const own = openFirst && ownFrame(event);
    return [h('ol', { class: 'stack', start: 0 }, frames.map((frame) => frameItem(frame, frame === own))),
        event.complete === false && h('p', { class: 'dim' }, 'Older frames of this stack are not known.')];
}

function stackDetails(event) {
    const count = list(event.stack).length;
    if (!count) return h('p', { class: 'dim' }, 'No stack was kept.');
    return h('details', { class: 'stackbox' }, h('summary', null, `Stack, ${plural(count, 'frame')}`), stackList(event));
}

function eventCard(event, finding) {
    const frame = ownFrame(event);
    const bad = event.role === 'wait' || (event.role === 'access' && event.write) || finding.events.length === 1;
    const held = list(event.locks_held);
    return h('div', { class: `card ${bad ? 'bad' : ''}` },
        h('p', { class: 'what' }, verb(event, finding)),
        frame && h('p', { class: 'where' }, frame.function && h('span', null, `${frame.function}()`), ' ',
            h('span', { class: 'path', title: frame.file ?? frame.module }, placeShort(frame)),
            frame.inlined && h('span', { class: 'badge' }, 'inlined')),
        held.length ? h('p', { class: 'held' }, 'holding ', held.map((id, i) => [i ? ', ' : '', h('b', null, lockName(id))])) :
            finding.kind === 'data-race' && event.role === 'access' && locksKnown(finding, event) && h('p', { class: 'held' }, 'holding no lock'),
        sourceLines(frame, CONTEXT_SHOWN), stackDetails(event));
}

// When each event happened. A hold whose time was not kept comes just before what its thread did with it; in a
// deadlock, all of them come before the waits. Of a race what has no time is of the earlier access.
function timedEvents(finding) {
    const events = list(finding.events);
    const known = (e) => typeof e.time_s === 'number' && e.time_s > 0;
    const timed = events.map((event, index) => {
        let at = known(event) ? event.time_s : Infinity;
        if (!known(event)) {
            const later = events.filter((e) => e.thread === event.thread && known(e)).map((e) => e.time_s);
            if (later.length) at = Math.min(...later);
        }
        const first = (event.role === 'hold' && finding.kind === 'deadlock') || finding.kind === 'data-race';
        if (!known(event) && first && at === Infinity) at = -1;
        return { event, at, shown: known(event) ? seconds(event.time_s) : 'earlier', index };
    });
    return timed.sort((a, b) => (a.at - b.at || 0) ||
        (ROLE_ORDER[a.event.role] ?? 9) - (ROLE_ORDER[b.event.role] ?? 9) || a.index - b.index);
}

// A bar beside a thread's cards from where it took a lock to where it let it go, or to the end.
function holdBars(timed, columns, finding) {
    return timed.flatMap(({ event }, row) => {
        if (event.role !== 'hold' || !event.lock) return [];
        const last = timed.findLastIndex((t) => t.event.thread === event.thread);
        const end = finding.kind === 'deadlock' ? timed.length : last + 1;
        if (end - row < 2) return [];
        return [h('div', { class: 'holdbar', title: `holds ${lockName(event.lock)}`, 'aria-hidden': 'true', css: {
            'grid-row': `${row + 2} / ${end + 2}`, 'grid-column': String(columns.indexOf(event.thread) * 2 + 2) } },
        h('span', null, `holds ${lockName(event.lock)}`))];
    });
}

function timeline(finding) {
    const timed = timedEvents(finding);
    if (!timed.length) return null;
    const columns = [...new Set(timed.map(({ event }) => event.thread))];
    const wide = columns.length > 2;
    const head = columns.map((id, i) => h('h3', { class: 'lane', css: { 'grid-column': `${i * 2 + 2} / span 2`, 'grid-row': '1' } },
        threadName(data.threads[id] ?? { id }), h('span', { class: 'dim' }, ` ${threadTagBeside(data.threads[id] ?? { id })}`)));
    const cells = timed.map(({ event, shown }, row) => [
        h('div', { class: 'time', css: { 'grid-row': String(row + 2), 'grid-column': '1' } }, shown),
        h('div', { class: 'cell', 'data-thread': threadName(threadOf(event)), css: { 'grid-row': String(row + 2),
            'grid-column': String(columns.indexOf(event.thread) * 2 + 3) } }, eventCard(event, finding))]);
    return section('What each thread did, in order of time',
        h('div', { class: `timeline ${wide ? 'wide' : ''}`, tabindex: wide ? '0' : null, css: { '--lanes': String(columns.length) } },
            h('div', { class: 'time head', css: { 'grid-row': '1', 'grid-column': '1' } }, 'since start'),
            head, holdBars(timed, columns, finding), cells));
}

// Of a race: each access with the locks that its thread held then, and where it took them; side by side, the earlier one first.
function raceSides(finding) {
    const timed = timedEvents(finding);
    const accesses = timed.filter(({ event }) => event.role === 'access');
    if (accesses.length !== 2) return timeline(finding);
    const sides = accesses.map(({ event, shown }) => {
        const holds = timed.filter((t) => t.event.role === 'hold' && t.event.thread === event.thread).map((t) => t.event);
        const thread = threadOf(event);
        return h('div', { class: 'side', 'data-thread': threadName(thread) },
            h('h3', { class: 'lane' }, threadName(thread), h('span', { class: 'dim' }, ` ${threadTagBeside(thread)} ${shown === 'earlier' ? 'earlier' : `at ${shown}`}`)),
            eventCard(event, finding),
            holds.map((hold) => h('div', { class: 'card' },
                h('p', { class: 'where' }, 'had taken ', h('b', null, lockName(hold.lock)), /shared$/.test(hold.what ?? '') && ' for reading', ' in ',
                    h('span', null, `${ownFrame(hold)?.function ?? '??'}()`), ' ', h('span', { class: 'path' }, placeShort(ownFrame(hold)))),
                stackDetails(hold))));
    });
    return section('What each thread did', h('div', { class: 'sides' }, sides));
}

// What came before main() says nothing about where a thread or a lock comes from.
function originStack(event) {
    const frames = stackOf(event);
    const end = frames.findIndex((frame) => /^(_start|__libc_start_|clone|start_thread)/.test(frame.function ?? ''));
    return h('ol', { class: 'stack', start: 0 }, (end > 0 ? frames.slice(0, end) : frames).map((frame) => frameItem(frame, false)));
}

function originCard(title, verbed, event, extra) {
    return h('div', { class: 'origin' }, h('h3', null, title), extra,
        event && h('p', { class: 'dim' }, verbed, event.thread && ` by ${threadInWords(threadOf(event))}`, event.time_s > 0 && ` at ${seconds(event.time_s)}`),
        event ? originStack(event) : null);
}

// "queue->head, at byte 16 of a heap block of 40 bytes (struct queue) 0x5581...".
function memoryText(location) {
    const local = location.kind === 'stack' && location.symbol && location.function;
    const kinds = { heap: location.offset ? `at byte ${location.offset} of a heap block` : 'a heap block', stack: local ? 'a local variable' : 'on the stack',
        tls: 'a thread-local variable', global: 'a variable', fd: 'a file descriptor', mapping: 'mapped memory' };
    const owner = location.thread && (typeof location.thread === 'string' ? data.threads[location.thread] : location.thread);
    return [location.symbol && [h('b', null, location.symbol), ', '], kinds[location.kind] ?? location.kind,
        location.size ? ` of ${plural(location.size, 'byte')}` : '', location.type && ` (${location.type})`,
        location.function && [' in ', h('code', null, location.function)], owner && ` ${local ? 'on the stack ' : ''}of ${threadInWords(owner)}`,
        location.declared && [', declared at ', h('span', { class: 'path' }, `${baseName(location.declared.file)}:${location.declared.line}`)],
        ' ', location.address && h('code', { class: 'dim' }, location.address)];
}

function origins(finding) {
    const cards = [];
    const location = finding.location;
    if (location && location.kind && location.kind !== 'unknown') {
        cards.push(originCard('The memory', 'allocated', location.allocated, h('p', null, memoryText(location))));
    }
    const threads = new Set(list(finding.events).map((e) => e.thread));
    for (const id of threads) {
        const thread = data.threads[id];
        if (thread?.created) cards.push(originCard(`Thread ${threadName(thread)}`, 'created', thread.created));
    }
    for (const lock of list(finding.locks)) {
        if (lock.created) cards.push(originCard(`Lock ${lockName(lock.id)}`, /first use/.test(lock.created.what ?? '') ? 'first used' : 'initialised', lock.created, h('p', null, lock.kind)));
    }
    return cards.length ? section('Where they come from', h('div', { class: 'origins' }, cards)) : null;
}

// The other races of the same two functions on the same memory, a line each.
function alike(finding) {
    const others = alikeOf(finding);
    if (!others.length) return null;
    const place = (event) => `${(event?.what ?? '').split(' of ')[0]} at ${placeShort(ownFrame(event ?? {}))}`;
    return section(`${number(others.length)} more of the same two functions on the same memory`,
        h('ul', { class: 'alike' }, others.map((other) => h('li', null,
            h('a', { href: `#${other.fingerprint}` }, other.location?.symbol || sentence(other.message)), ' ',
            h('span', { class: 'dim' }, list(other.events).slice(0, 2).map(place).join(', '))))));
}

function reproduceCommand(finding) {
    const process = processOf(finding.process);
    const merged = list(doc.runs).length > 1; // then the process itself is all that is known of its run
    const words = !merged && list(doc.run?.command).length ? doc.run.command : process?.command;
    const cwd = merged ? process?.cwd : doc.run?.cwd ?? process?.cwd;
    return list(words).length ? `${cwd ? `cd ${shellWord(cwd)} && ` : ''}snarl run -- ${commandLine(words)}` : null;
}

function history(finding) {
    const seen = finding.history;
    return seen ? h('span', null, `first seen ${String(seen.first_seen).slice(0, 10)}, in ${plural(seen.runs, 'run')}`) : null;
}

function showFinding(finding) {
    const state = stateOf(finding);
    const processes = Object.keys(finding.processes ?? {}).length;
    const reproduce = reproduceCommand(finding);
    return h('article', { class: 'page finding', 'data-kind': finding.kind },
        h('p', { class: 'meta' }, h('span', { class: 'badge kind' }, finding.rule ? `${finding.kind}: ${finding.rule}` : finding.kind),
            h('span', { class: 'badge', title: confidenceWords(finding.confidence) }, finding.confidence),
            state !== 'open' && h('span', { class: `badge ${state}` }, state),
            finding.count > 1 && h('span', null, `seen ${number(finding.count)} times${processes > 1 ? ` in ${plural(processes, 'process', 'processes')}` : ''}`),
            h('span', { class: 'dim' }, `${finding.program ?? ''} · pid ${finding.pid ?? '?'}`), history(finding)),
        h('h1', { tabindex: '-1' }, sentence(finding.message) || kindTitle(finding.kind)),
        finding.explanation && h('p', { class: 'lead' }, finding.explanation),
        finding.kind === 'data-race' ? racePicture(finding) : cyclePicture(finding),
        finding.kind === 'data-race' ? raceSides(finding) : timeline(finding), origins(finding), alike(finding),
        section('What to do with it',
            reproduce && copyLine('Reproduce', reproduce),
            finding.suggestion && copyLine('Suppress', finding.suggestion),
            copyLine('Link', `#${finding.fingerprint}`),
            finding.suppressed_by && h('p', { class: 'dim' }, `Suppressed by ${finding.suppressed_by}.`)));
}

function confidenceWords(confidence) {
    return { observed: 'It happened in this run.', feasible: 'It did not happen, but a reordering of this run was proved to reach it.',
        possible: 'It did not happen; another schedule may reach it.' }[confidence] ?? '';
}
