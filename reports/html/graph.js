// graph.js - the lock-order graph: an arrow from each lock to those that were taken while it was held.
//
// The layout was made when the report was written (`data.layout`); here it is drawn, moved, zoomed and searched.

function graphNode(node, select) {
    const [w, height] = [node.w, node.h];
    const label = lockName(node.id);
    return s('g', { class: `node lock ${node.cycle ? 'cycle' : ''}`, tabindex: '0', role: 'button', 'data-id': node.id,
        'aria-label': `${label}${node.cycle ? ', part of a cycle' : ''}`, onclick: () => select(node.id),
        onkeydown: (e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); select(node.id); } } },
    s('title', null, label),
    s('rect', { x: node.x - w / 2, y: node.y - height / 2, width: w, height, rx: height / 2 }),
    s('text', { x: node.x, y: node.y + 4, class: 'name' }, short(label, Math.max(8, Math.floor(w / 7.4)))));
}

// Points as Graphviz gives them: a start and then cubic pieces of three points.
function curve(points) {
    const pairs = points.map((p) => `${p[0]} ${p[1]}`);
    let path = `M${pairs[0]}`;
    for (let i = 1; i + 2 < pairs.length; i += 3) path += ` C${pairs[i]} ${pairs[i + 1]} ${pairs[i + 2]}`;
    return path;
}

function graphEdge(edge) {
    const kind = edge.cycle ? 'wants' : 'plain';
    return s('path', { class: `arrow ${kind}`, d: curve(edge.points), 'marker-end': `url(#head-${kind})`,
        'data-from': edge.from, 'data-to': edge.to }, s('title', null, `${lockName(edge.from)} before ${lockName(edge.to)}`));
}

function edgeRow(edge, side) {
    const frame = edge.acquire && ownFrame(edge.acquire);
    const taken = edge.hold && ownFrame(edge.hold);
    return h('li', null, h('b', null, lockName(edge[side])), h('span', { class: 'dim' }, ` ${number(edge.count)}×, ${edge.processes ? plural(edge.processes, 'process', 'processes') : plural(edge.threads ?? 1, 'thread')}`),
        h('br'), h('span', { class: 'path' }, [frame ? placeShort(frame) : edge.acquire_at,
            taken || edge.hold_at ? ` (first lock at ${taken ? placeShort(taken) : edge.hold_at})` : null]));
}

function nodePanel(id) {
    const edges = list(doc.lock_graph?.edges);
    const after = edges.filter((e) => e.from === id);
    const before = edges.filter((e) => e.to === id);
    const part = (title, rows, side) => rows.length ? [h('h3', null, title), h('ul', null, rows.slice(0, 60).map((e) => edgeRow(e, side)))] : null;
    return [h('h2', null, lockName(id)), h('p', { class: 'dim' }, lockById.get(id)?.kind),
        part('Taken while it is held', after, 'to'), part('Held when it is taken', before, 'from')];
}

const READABLE = { w: 1300, h: 860 }; // units of the layout that a window shows with names one can read

// Zoom and position are the SVG's viewBox: {x, y, w, h} in the layout's units. A small graph is not blown up.
function panAndZoom(svg, layout) {
    const size = { w: Math.max(layout.width, 760), h: Math.max(layout.height, 420) };
    const start = { x: (layout.width - size.w) / 2, y: (layout.height - size.h) / 2, ...size };
    const view = { ...start };
    // A large graph begins at its top left, as large as can be read; `whole` shows all of it.
    if (size.w > READABLE.w || size.h > READABLE.h) {
        Object.assign(view, { w: Math.min(size.w, READABLE.w), h: Math.min(size.h, READABLE.h), y: 0 });
        if (size.w > READABLE.w) view.x = 0;
    }
    const show = () => svg.setAttribute('viewBox', `${view.x} ${view.y} ${view.w} ${view.h}`);
    const zoom = (factor, fx = 0.5, fy = 0.5) => {
        const wide = view.w * factor;
        if (wide < 60 || wide > start.w * 20) return;
        view.x += view.w * fx * (1 - factor);
        view.y += view.h * fy * (1 - factor);
        view.w = wide;
        view.h *= factor;
        show();
    };
    svg.addEventListener('wheel', (e) => {
        e.preventDefault();
        const at = svg.getBoundingClientRect();
        zoom(e.deltaY > 0 ? 1.15 : 1 / 1.15, (e.clientX - at.left) / at.width, (e.clientY - at.top) / at.height);
    }, { passive: false });
    let drag = null;
    svg.addEventListener('pointerdown', (e) => { drag = { x: e.clientX, y: e.clientY }; });
    svg.addEventListener('pointermove', (e) => {
        if (!drag || !e.buttons) return;
        const scale = view.w / svg.getBoundingClientRect().width;
        view.x -= (e.clientX - drag.x) * scale;
        view.y -= (e.clientY - drag.y) * scale;
        drag = { x: e.clientX, y: e.clientY };
        show();
    });
    const whole = () => { Object.assign(view, start); show(); };
    show();
    return { zoom, whole };
}

function showGraph() {
    const layout = data.layout;
    const nodes = list(layout?.nodes);
    const page = h('article', { class: 'page' }, h('h1', null, 'Order of locks'));
    if (!nodes.length) return append(page, [h('p', { class: 'lead' }, 'No lock was taken while another was held.')]);
    const panel = h('aside', { class: 'panel', 'aria-live': 'polite' }, h('p', { class: 'dim' }, 'Choose a lock to see what is taken while it is held.'));
    const select = (id) => {
        svg.querySelectorAll('.selected').forEach((e) => e.classList.remove('selected'));
        svg.querySelectorAll('[data-id], [data-from]').forEach((e) => {
            if (e.dataset.id === id || e.dataset.from === id || e.dataset.to === id) e.classList.add('selected');
        });
        panel.replaceChildren();
        append(panel, nodePanel(id));
    };
    const svg = s('svg', { class: 'graph', role: 'group', 'aria-label': 'Lock-order graph' }, heads(),
        list(layout.edges).map(graphEdge), nodes.map((node) => graphNode(node, select)));
    const { zoom, whole } = panAndZoom(svg, layout);
    const search = h('input', { type: 'search', id: 'search', placeholder: 'Find a lock  ( / )', 'aria-label': 'Find a lock' });
    const cycles = nodes.filter((n) => n.cycle).length;
    search.addEventListener('input', () => {
        const word = search.value.toLowerCase();
        svg.querySelectorAll('.node').forEach((e) => e.classList.toggle('faded', Boolean(word) && !lockName(e.dataset.id).toLowerCase().includes(word)));
        const hit = word && nodes.find((n) => lockName(n.id).toLowerCase().includes(word));
        if (hit) select(hit.id);
    });
    const tool = (label, name, action) => h('button', { type: 'button', 'aria-label': name, title: name, onclick: action }, label);
    return append(page, [h('p', { class: 'lead' }, 'An arrow means: the second lock was taken while the first was held. ',
        cycles ? h('span', { class: 'accent' }, `${plural(cycles, 'lock')} on a cycle: these can make threads wait for each other.`) : 'There is no cycle.',
        layout.note && ` ${layout.note}`),
    h('div', { class: 'graphtools' }, search, tool('+', 'Zoom in', () => zoom(1 / 1.3)), tool('−', 'Zoom out', () => zoom(1.3)), tool('Whole graph', 'Show the whole graph', whole)),
    h('div', { class: 'graphbox' }, svg, panel)]);
}
