// overview.js - the first page: the verdict, what was found, what ran, and what was not seen.

function verdict() {
    const states = findings.map(stateOf);
    const count = (state) => states.filter((s) => s === state).length;
    const live = count('open') + count('new');
    const failing = doc.gate ? findings.filter((f) => f.fails).length : live;
    const rest = [];
    if (doc.gate && live > failing) rest.push(`${plural(live - failing, 'finding')} of kinds that do not fail`);
    if (count('accepted')) rest.push(`${number(count('accepted'))} accepted by the baseline`);
    if (count('suppressed')) rest.push(`${number(count('suppressed'))} suppressed`);
    const unseen = list(doc.notes).length;
    const head = failing ? `${plural(failing, 'finding')} to look at` :
        live ? 'Nothing that fails' : findings.length ? 'Nothing new' : 'Nothing found';
    return h('header', { class: `verdict ${failing ? 'bad' : 'good'}` },
        h('p', { class: 'mark', 'aria-hidden': 'true' }, failing ? '✕' : '✓'),
        h('div', null,
            h('h1', null, head),
            h('p', null, rest.length ? `Besides: ${rest.join(', ')}. ` : '',
                !findings.length && 'No race, deadlock or misuse of a lock was seen in this run. ',
                unseen ? h('a', { href: '#not-seen' }, `${plural(unseen, 'note')} on what was not seen`) : null)));
}

function kindCounts() {
    const counts = new Map();
    for (const finding of findings) counts.set(finding.kind, (counts.get(finding.kind) ?? 0) + 1);
    const most = Math.max(1, ...counts.values());
    const kinds = [...counts.keys()].sort((a, b) => kindOrder(a) - kindOrder(b));
    return h('ul', { class: 'kinds' }, kinds.map((kind) => h('li', null,
        h('a', { href: `#findings:${kind}` },
            h('span', { class: 'kind-name' }, kindTitle(kind)),
            h('span', { class: 'bar' }, h('i', { css: { width: `${100 * counts.get(kind) / most}%` } })),
            h('span', { class: 'count' }, number(counts.get(kind)))))));
}

function firstFindings() {
    const shown = findings.filter((f) => !['suppressed', 'accepted'].includes(stateOf(f))).slice(0, 6);
    if (!shown.length) return null;
    return h('ol', { class: 'firsts' }, shown.map((finding) => h('li', null,
        h('a', { href: `#${finding.fingerprint}` },
            h('span', { class: 'kind' }, finding.kind), h('span', { class: 'message' }, sentence(finding.message)),
            h('span', { class: 'where' }, placeOf(finding))))));
}

function facts() {
    const run = doc.run ?? {};
    const runs = list(doc.runs).length;
    const rows = [
        ['Command', runs < 2 && h('code', null, commandLine(run.command))],
        ['Folder', runs < 2 && run.cwd && h('code', null, run.cwd)],
        ['Started', run.started], ['Took', seconds(run.duration_s)], ['Host', run.host],
        ['Ended with', run.exit_status === null || run.exit_status === undefined ? null : `status ${run.exit_status}`],
        ['Runs merged', runs > 1 ? number(runs) : null], ['snarl', doc.snarl],
    ];
    return h('dl', { class: 'facts' }, rows.filter(([, value]) => value).map(([name, value]) =>
        h('div', null, h('dt', null, name), h('dd', null, value))));
}

function exitWords(exit) {
    if (!exit) return 'end not seen';
    if (exit.ended === 'deadlock') return 'ended by snarl: deadlock';
    if (exit.ended === 'exec') return 'went on as another program';
    return exit.signal ? `killed by signal ${exit.signal}` : `exit ${exit.code ?? '?'}`;
}

function processRow(process) {
    return h('li', null, h('div', { class: 'process' },
        h('b', null, baseName(process.program)), h('span', { class: 'dim' }, `pid ${process.pid}`),
        h('span', null, plural(process.threads ?? 1, 'thread')), h('span', null, `races: ${process.mode ?? '?'}`),
        h('span', { class: process.exit?.signal || process.exit?.ended === 'deadlock' ? 'accent' : 'dim' },
            exitWords(process.exit))));
}

const PROCESSES_SHOWN = 500;

// The tree of processes; a parent that was not seen leaves its children at the top.
function processTree() {
    const all = list(doc.processes).slice(0, PROCESSES_SHOWN);
    const byPid = new Map(all.map((p) => [p.pid, p]));
    const children = new Map();
    const tops = [];
    for (const process of all) {
        const parent = byPid.get(process.ppid);
        if (!parent || parent === process) tops.push(process);
        else children.set(parent, [...(children.get(parent) ?? []), process]);
    }
    const seen = new Set();
    function branch(processes) {
        const fresh = processes.filter((p) => !seen.has(p));
        fresh.forEach((p) => seen.add(p));
        return fresh.length ? h('ul', { class: 'tree' }, fresh.map((process) =>
            append(processRow(process), [branch(children.get(process) ?? [])]))) : null;
    }
    const left = list(doc.processes).length - all.length;
    return [branch(tops), branch(all), left > 0 && h('p', { class: 'dim' }, `and ${number(left)} more`)];
}

function coverage() {
    const modules = new Map();
    for (const process of list(doc.processes)) {
        for (const module of list(process.coverage?.modules)) {
            const key = `${module.path} ${module.build_id}`;
            if (!modules.has(key)) modules.set(key, module);
        }
    }
    const rows = [...modules.values()];
    if (!rows.length) return null;
    const share = (m) => (m.accesses ? 100 * (m.instrumented ?? 0) / m.accesses : 0);
    return section('What was watched', sortedTable('Coverage of modules', [
        { title: 'Module', value: (m) => baseName(m.path), show: (m) => h('span', { title: m.path }, baseName(m.path)) },
        { title: 'Memory accesses', numeric: true, value: (m) => m.accesses ?? 0, show: (m) => number(m.accesses) },
        { title: 'Checked', numeric: true, value: share, show: (m) => [h('span', { class: 'bar inline' },
            h('i', { css: { width: `${share(m)}%` } })), h('span', { class: 'share' }, `${share(m).toFixed(share(m) < 100 && share(m) > 99 ? 1 : 0)} %`)] },
        { title: 'Why not all', value: (m) => m.reason ?? '' },
    ], rows, 1));
}

function notes() {
    const rows = list(doc.notes);
    if (!rows.length) return null;
    return h('section', { class: 'block', id: 'not-seen' }, h('h2', null, 'What was not seen'),
        h('ul', { class: 'notes' }, rows.slice(0, 200).map((note) => h('li', null, note.text ?? String(note),
            note.process && h('span', { class: 'dim' }, ` (process ${note.process})`)))));
}

// How many findings the last runs had, from the history that --store keeps.
function trend() {
    const runs = list(doc.history);
    if (runs.length < 2) return null;
    const most = Math.max(1, ...runs.map((r) => r.findings));
    const step = Math.min(28, 640 / runs.length);
    return section('The last runs', h('figure', { class: 'trend' },
        s('svg', { viewBox: `0 0 ${step * runs.length} 90`, role: 'img',
            'aria-label': `Findings of the last ${runs.length} runs: ${runs.map((r) => r.findings).join(', ')}` },
        runs.map((run, i) => s('g', null,
            s('title', null, `${run.started}: ${plural(run.findings, 'finding')}, ${run.new} never seen before`),
            s('rect', { x: i * step + 2, width: step - 4, y: 80 - 74 * run.findings / most,
                height: 2 + 74 * run.findings / most, class: 'all' }),
            s('rect', { x: i * step + 2, width: step - 4, y: 82 - 74 * run.new / most,
                height: 74 * run.new / most, class: 'new' })))),
        h('figcaption', null, 'Findings per run, oldest first; the coloured part was new then.')));
}

function showOverview() {
    return h('article', { class: 'page overview' }, verdict(),
        findings.length ? h('div', { class: 'columns' }, section('By kind', kindCounts()),
            section('Look here first', firstFindings() ?? h('p', { class: 'dim' }, 'All of them are accepted or suppressed.'))) : null,
        section('The run', facts(), processTree()), trend(), coverage(), notes());
}
