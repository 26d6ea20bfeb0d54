// data.js - the document that the page shows, decoded once, and how its parts are named.
//
// The page's data block holds {doc, frames, threads, sources, layout, kinds}: stacks are lists of indexes into `frames`,
// an event's thread is a key of `threads`. Every text in it may come from a hostile program: it reaches the page
// through text nodes only (dom.js), never as markup.
const data = JSON.parse(document.getElementById('data').textContent);
const doc = data.doc;
const list = (value) => (Array.isArray(value) ? value : []);
const findings = list(doc.findings);
const lockById = new Map();
for (const lock of [...findings.flatMap((f) => list(f.locks)), ...list(doc.locks)]) {
    lockById.set(lock.id, { ...lockById.get(lock.id), ...lock });
}

// The kinds in the order of how bad they are, and what each is called where there is room for words.
const KINDS = data.kinds;
const kindOrder = (kind) => {
    const at = Object.keys(KINDS).indexOf(kind);
    return at < 0 ? Object.keys(KINDS).length : at;
};
const kindTitle = (kind) => (Object.hasOwn(KINDS, kind) ? KINDS[kind] : kind);

// One word for where a finding stands. Suppressed wins over accepted.
function stateOf(finding) {
    if (finding.suppressed) return 'suppressed';
    if (finding.baseline === 'unchanged') return 'accepted';
    return finding.baseline === 'new' ? 'new' : 'open';
}

const threadOf = (event) => data.threads[event.thread] ?? { id: event.thread ?? '?', name: '' };
const threadNumber = (id) => String(id ?? '?').split('/').pop();
const threadTag = (thread) => `T${threadNumber(thread.id)}`;
function threadName(thread) {
    if (thread.main && (!thread.name || thread.name === 'main')) return 'main thread';
    return thread.name || threadTag(thread);
}
const threadInWords = (thread) => (threadName(thread) === 'main thread' ? 'the main thread' : threadName(thread));
// The tag where it says more than the name does.
const threadTagBeside = (thread) => (threadName(thread) === threadTag(thread) ? '' : threadTag(thread));

function lockName(id) {
    const lock = lockById.get(id);
    if (lock?.name) return lock.name;
    const site = lock?.created && ownFrame(lock.created);
    if (site) return `${lock.kind ?? 'lock'} of ${placeShort(site)}`;
    return `${lock?.kind ?? 'lock'} ${threadNumber(id)}`;
}

const baseName = (path) => String(path ?? '').split('/').pop();
const stackOf = (event) => list(event?.stack).map((index) => data.frames[index]).filter(Boolean);
const isRuntime = (frame) => !frame.program;

// The frame a reader cares for: the innermost one of the program itself.
function ownFrame(event) {
    const frames = stackOf(event);
    return frames.find((f) => !isRuntime(f) && f.file) ?? frames.find((f) => !isRuntime(f)) ?? frames[0];
}

function placeShort(frame) {
    if (!frame) return '';
    if (frame.file) return `${baseName(frame.file)}:${frame.line}`;
    return frame.module ? `${baseName(frame.module)}+${frame.offset ?? '?'}` : 'unknown place';
}

function seconds(value) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return '';
    const steps = [[1, 's'], [1e-3, 'ms'], [1e-6, 'µs'], [1e-9, 'ns']];
    if (value === 0) return '0 s';
    if (value >= 120) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
    const [unit, name] = steps.find(([size]) => value >= size) ?? steps.at(-1);
    const scaled = value / unit;
    return `${scaled >= 100 ? scaled.toFixed(0) : scaled >= 10 ? scaled.toFixed(1) : scaled.toFixed(2)} ${name}`;
}

const number = (value) => (typeof value === 'number' ? value.toLocaleString('en') : '0');
const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

// Messages begin with a small letter where the text report puts the kind before them.
// A name at their start stays as it is written.
const sentence = (text) => (/^(a|an|the|all|each|every|no|nobody|this|threads?|locks?) /.test(text ?? '') ? text[0].toUpperCase() + text.slice(1) : text ?? '');

// A word as a POSIX shell reads it back.
const shellWord = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${String(word).replaceAll("'", "'\\''")}'`);
const commandLine = (words) => list(words).map(shellWord).join(' ');

function processOf(key) {
    return list(doc.processes).find((p) => p.key === key || p.pid === key);
}
