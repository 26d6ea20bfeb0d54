// picture.js - a finding as a picture: the ring of threads and locks, or the memory that two threads touch.
//
// A ring goes thread → lock it wants → thread that holds it → …, so that all arrows turn the same way.

// [{thread, wants: lock, at: event, held: event that took `wants`}] around the cycle, or null if it cannot be closed.
function cycleOf(finding) {
    const events = list(finding.events);
    const waits = events.filter((e) => (e.role === 'wait' || e.role === 'acquire') && e.lock);
    const holds = events.filter((e) => e.role === 'hold' && e.lock);
    if (!waits.length) return null;
    const ring = [];
    const left = new Set(waits);
    let at = waits[0];
    while (at && left.has(at)) {
        left.delete(at);
        const held = holds.find((e) => e.lock === at.lock);
        ring.push({ thread: threadOf(at), wants: at.lock, at, held });
        const owner = held ? held.thread : undefined;
        at = waits.find((e) => e.thread === owner) ??
            waits.find((e) => left.has(e) && list(e.locks_held).includes(ring.at(-1).wants));
    }
    const first = ring[0];
    const closes = ring.at(-1).held?.thread === first.at.thread || list(first.at.locks_held).includes(ring.at(-1).wants);
    return closes && !left.size ? ring : null;
}

// The thread that a wait without a lock is for: in a deadlock each waits for the next one.
function joinedBy(finding, event) {
    const waits = list(finding.events).filter((e) => e.role === 'wait');
    const at = waits.indexOf(event);
    return at < 0 || event.lock || finding.rule !== 'join-cycle' ? null : threadOf(waits[(at + 1) % waits.length]);
}

// The ring's boxes, clockwise, each with the arrow to the next: {name, under, shape, words, place, wants}.
function ringNodes(finding, happened) {
    const ring = cycleOf(finding);
    const wait = happened ? 'waits for' : 'would wait for';
    const place = (event, before) => { const frame = event && ownFrame(event); return frame ? before + placeShort(frame) : ''; };
    const threadBox = (thread) => ({ name: threadName(thread), under: threadTagBeside(thread), shape: 'thread' });
    if (ring) {
        return ring.flatMap(({ thread, wants, at, held }) => [
            { ...threadBox(thread), words: wait, place: place(at, ''), wants: true },
            { name: lockName(wants), under: lockById.get(wants)?.kind, shape: 'lock', words: 'held by', place: place(held, 'since ') }]);
    }
    // A deadlock closed by joins, or by readers and writers that queue for one lock: each waits for the next thread.
    const waits = list(finding.events).filter((e) => e.role === 'wait');
    const queue = waits.every((e) => e.lock && e.lock === waits[0].lock);
    if (finding.kind !== 'deadlock' || waits.length < 2 || !(queue || waits.some((e) => joinedBy(finding, e)))) return null;
    if (queue) {
        return waits.map((at) => ({ ...threadBox(threadOf(at)), words: `${wait} ${short(lockName(at.lock), 24)}`, place: place(at, ''), wants: true, behind: true }));
    }
    return waits.flatMap((at) => {
        const held = list(finding.events).find((e) => e.role === 'hold' && e.lock === at.lock);
        const thread = { ...threadBox(threadOf(at)), words: at.lock ? wait : 'waits for its end', place: place(at, ''), wants: true };
        return at.lock ? [thread, { name: lockName(at.lock), under: lockById.get(at.lock)?.kind, shape: 'lock', words: 'held by', place: place(held, 'since ') }] : [thread];
    });
}

const short = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function box(x, y, label, under, shape) {
    const [w, height] = [184, under ? 52 : 40];
    return s('g', { class: `node ${shape}` }, s('title', null, `${label}${under ? ` ${under}` : ''}`),
        s('rect', { x: x - w / 2, y: y - height / 2, width: w, height, rx: shape === 'lock' ? height / 2 : 6 }),
        s('text', { x, y: under ? y - 3 : y + 5, class: 'name' }, short(label, 17)),
        under && s('text', { x, y: y + 15, class: 'under' }, short(under, 26)));
}

// Where the straight line from the middle of a box towards (tx, ty) leaves it.
function border(x, y, tx, ty, w, height) {
    const [dx, dy] = [tx - x, ty - y];
    const scale = Math.min(w / Math.abs(dx || 1e-9), height / Math.abs(dy || 1e-9));
    return [x + dx * scale, y + dy * scale];
}

function arrow(from, to, bend, kind) {
    const middle = [(from.x + to.x) / 2 + bend.x, (from.y + to.y) / 2 + bend.y];
    const start = border(from.x, from.y, middle[0], middle[1], 96, 30);
    const end = border(to.x, to.y, middle[0], middle[1], 98, 32);
    return s('path', { class: `arrow ${kind}`, 'marker-end': `url(#head-${kind})`,
        d: `M${start[0]} ${start[1]} Q${middle[0]} ${middle[1]} ${end[0]} ${end[1]}` });
}

function heads() {
    return s('defs', null, ['wants', 'held', 'plain'].map((kind) => s('marker', { id: `head-${kind}`, class: kind,
        viewBox: '0 0 10 10', refX: 9, refY: 5, markerWidth: 8, markerHeight: 8, orient: 'auto-start-reverse' },
    s('path', { d: 'M0 0.8 L10 5 L0 9.2 z' }))));
}

function edgeLabel(x, y, words, place, kind, anchor) {
    return s('text', { class: `edge ${kind}`, x, y, 'text-anchor': anchor },
        s('tspan', { x, dy: 0 }, words), place && s('tspan', { x, dy: 16, class: 'place' }, short(place, 28)));
}

function ringWords(nodes) {
    const parts = nodes.map((node, i) => {
        const next = nodes[(i + 1) % nodes.length];
        if (!node.wants) return null;
        if (node.behind) return `${node.name} ${node.words}, behind ${next.name}`;
        if (next.shape === 'thread') return `${node.name} waits for ${next.name} to end`;
        return `${node.name} ${node.words} ${next.name}, which ${nodes[(i + 2) % nodes.length].name} holds`;
    });
    return `${parts.filter(Boolean).join('; ')}.`;
}

// Threads and locks around an ellipse; clockwise from the left.
function cyclePicture(finding) {
    const happened = finding.kind === 'deadlock' || finding.kind === 'stall';
    const nodes = ringNodes(finding, happened);
    if (!nodes || nodes.length > 24) return null;
    const count = nodes.length;
    const pair = count === 2;
    const [rx, ry] = pair ? [220, 0] : [count === 4 ? 300 : 345, 74 + 15 * count];
    const [width, height] = [count > 4 ? 1080 : 900, 2 * ry + (pair ? 220 : 76)];
    const [cx, cy] = [width / 2, height / 2];
    nodes.forEach((node, i) => {
        const angle = Math.PI + 2 * Math.PI * i / count;
        node.x = cx + rx * Math.cos(angle);
        node.y = cy + ry * Math.sin(angle);
    });
    const lines = nodes.map((node, i) => {
        const to = nodes[(i + 1) % count];
        const kind = node.wants ? 'wants' : 'held';
        const out = { x: (node.x + to.x) / 2 - cx, y: (node.y + to.y) / 2 - cy };
        const flat = Math.abs(out.x) < 60; // the top or bottom of a ring: its label goes inside, where there is room
        const bend = pair ? { x: 0, y: i ? 90 : -90 } : flat ? { x: 0, y: 0 } : { x: out.x * 0.12, y: out.y * 0.28 };
        const label = { x: (node.x + to.x) / 2 + bend.x * 0.5, y: (node.y + to.y) / 2 + bend.y * 0.5 };
        const anchor = flat ? 'middle' : out.x > 0 ? 'start' : 'end';
        const shift = flat ? 0 : Math.sign(out.x) * 22;
        const rise = pair ? (i ? 34 : -44) : flat ? (out.y < 0 ? 24 : -28) : Math.abs(out.y) < 8 ? -4 : out.y < 0 ? -20 : 18;
        return [arrow(node, to, bend, kind), edgeLabel(label.x + shift, label.y + rise, node.words, node.place, kind, anchor)];
    });
    const words = ringWords(nodes);
    return h('figure', { class: 'picture' },
        s('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': words }, heads(),
            lines, nodes.map((node) => box(node.x, node.y, node.name, node.under, node.shape))),
        h('figcaption', null, words));
}

function memoryName(finding, event) {
    const location = finding.location ?? {};
    if (location.symbol) return location.symbol;
    const words = { heap: 'heap block', stack: 'stack memory', tls: 'thread-local memory', mapping: 'mapped memory', fd: 'descriptor' };
    return words[location.kind] ?? event.address ?? location.address ?? 'memory';
}

// "heap block of 40 bytes", "local to main": what the box of the memory says below its name.
function memoryWords(finding) {
    const { symbol, kind, size, type, function: owner } = finding.location ?? {};
    const what = { heap: type ? `in a ${type}` : 'heap block', stack: owner ? `local to ${short(owner, 24)}` : 'stack', tls: 'thread-local',
        global: owner ? `static in ${short(owner, 24)}` : 'global' }[kind] ?? kind;
    return [symbol && what, size && `${plural(size, 'byte')}`].filter(Boolean).join(', ') || null;
}

// What the earlier access of a lost update in Python held is not kept.
const locksKnown = (finding, event) => list(event.locks_held).length > 0 || finding.rule !== 'lost-update' || event.time_s > 0;

function heldWords(finding, event) {
    const held = list(event.locks_held).map(lockName);
    return held.length ? `holding ${held.join(', ')}` : locksKnown(finding, event) ? 'holding no lock' : '';
}

// Two accesses, and the memory between them.
function racePicture(finding) {
    const [a, b] = list(finding.events);
    if (!a || !b) return null;
    const order = timedEvents(finding).map((timed) => timed.event).filter((event) => event === a || event === b);
    const shared = list(a.locks_held).filter((id) => list(b.locks_held).includes(id));
    const verdict = shared.length ? `${shared.map(lockName).join(', ')} held by both, but not in a way that orders them` :
        locksKnown(finding, a) && locksKnown(finding, b) ? 'no lock in common, nothing orders the two' : 'nothing orders the two';
    const memory = { x: 450, y: 60 };
    const sides = order.map((event, i) => {
        const at = { x: i ? 750 : 150, y: 60 };
        const words = event.write ? 'writes' : 'reads';
        return [arrow(at, memory, { x: 0, y: 0 }, event.write ? 'wants' : 'plain'),
            box(at.x, at.y, threadName(threadOf(event)), threadTagBeside(threadOf(event)), 'thread'),
            s('text', { class: `edge ${event.write ? 'wants' : 'held'}`, x: i ? 603 : 297, y: 44, 'text-anchor': 'middle' },
                `${words} ${event.size ? `${event.size} B` : ''}`),
            s('text', { class: 'edge place', x: at.x, y: 110, 'text-anchor': 'middle' }, placeShort(ownFrame(event))),
            s('text', { class: 'edge', x: at.x, y: 130, 'text-anchor': 'middle' }, short(heldWords(finding, event), 36))];
    });
    const name = memoryName(finding, a);
    return h('figure', { class: 'picture' },
        s('svg', { viewBox: '0 0 900 142', role: 'img', 'aria-label': `Two threads touch ${name}: ${verdict}.` }, heads(), sides,
            box(memory.x, memory.y, name, memoryWords(finding), 'memory'),
            s('text', { class: 'edge wants', x: 450, y: 118, 'text-anchor': 'middle' }, short(verdict, 60))),
        h('figcaption', { class: 'offscreen' }, `Two threads touch ${name}: ${verdict}.`));
}
