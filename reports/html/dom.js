// dom.js - building the page out of elements and text nodes, never out of strings of markup.
const SVG = 'http://www.w3.org/2000/svg';

function append(parent, children) {
    for (const child of children.flat(Infinity)) {
        if (child === null || child === undefined || child === false) continue;
        parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return parent;
}

function set(element, properties) {
    for (const [name, value] of Object.entries(properties ?? {})) {
        if (value === undefined || value === null || value === false) continue;
        if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
        else if (name === 'css') Object.entries(value).forEach(([key, v]) => element.style.setProperty(key, v));
        else element.setAttribute(name, value === true ? '' : String(value));
    }
    return element;
}

const h = (tag, properties, ...children) => append(set(document.createElement(tag), properties), children);
const s = (tag, properties, ...children) => append(set(document.createElementNS(SVG, tag), properties), children);

// A button that puts `text` on the clipboard and says so. From file:// the clipboard may be refused: select then.
function copyButton(text, label) {
    const button = h('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${label}` }, 'Copy');
    button.addEventListener('click', async () => {
        let done = true;
        try {
            await navigator.clipboard.writeText(text);
        } catch {
            done = copyBySelection(text);
        }
        button.textContent = done ? 'Copied' : 'Select and copy';
        announce(done ? `${label} copied` : `${label} could not be copied`);
        setTimeout(() => { button.textContent = 'Copy'; }, 1600);
    });
    return button;
}

function copyBySelection(text) {
    const area = h('textarea', { class: 'offscreen', readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
}

// Says something to screen readers without showing it.
function announce(text) {
    document.getElementById('announce').textContent = text;
}

function copyLine(label, text) {
    return h('div', { class: 'copyline' },
        h('span', { class: 'label' }, label), h('code', { tabindex: '0' }, text), copyButton(text, label.toLowerCase()));
}

const section = (title, ...children) => h('section', { class: 'block' }, h('h2', null, title), ...children);

const ROWS_SHOWN = 1000; // of a table: the first ones in the order that is chosen

// A table whose columns sort when their heads are pressed.
// columns: [{title, value(row), show(row)?, numeric?}]; sorted by `first` (descending when numeric).
function sortedTable(caption, columns, rows, first) {
    const body = h('tbody');
    const heads = columns.map((column, index) => {
        const button = h('button', { type: 'button', onclick: () => sort(index) }, column.title);
        return h('th', { scope: 'col', class: column.numeric && 'numeric' }, button);
    });
    let current = -1;
    let down = false;
    function sort(index) {
        down = index === current ? !down : Boolean(columns[index].numeric);
        current = index;
        const value = columns[index].value;
        const order = [...rows].sort((a, b) => {
            const [x, y] = [value(a), value(b)];
            return (typeof x === 'number' ? x - y : String(x).localeCompare(String(y))) * (down ? -1 : 1);
        });
        heads.forEach((head, i) => head.setAttribute('aria-sort',
            i !== index ? 'none' : down ? 'descending' : 'ascending'));
        body.replaceChildren(...order.slice(0, ROWS_SHOWN).map((row) => h('tr', null, columns.map((column) =>
            h('td', { class: column.numeric && 'numeric' }, column.show ? column.show(row) : column.value(row))))));
    }
    sort(first);
    return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
        h('table', null, h('caption', { class: 'offscreen' }, caption), h('thead', null, h('tr', null, heads)), body),
        rows.length > ROWS_SHOWN && h('p', { class: 'dim' }, `Shown are ${number(ROWS_SHOWN)} of ${number(rows.length)}: sort to see others.`));
}
