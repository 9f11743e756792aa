// The timeline: pan and zoom are drawn at once from what is known; the kernel is asked when the view rests.
export default wb.view("Timeline", (ui) => {
  const {h} = wb, LEAST = 4000, MOST = 200 * 365 * 86400 * wb.SECOND;
  let view = null, moving = false, telling = 0, data = null, ticks = null, thumbs = [], width = 600, ink = null;
  const ask = wbNewest(ui), move = wbMoves(ui), quiet = (asked) => asked.catch(() => undefined);
  const canvas = h("canvas", {class: "wb-timeline-canvas", "aria-hidden": "true"});
  const handle = (name, words) => {
    const el = h("div", {class: `wb-timeline-handle wb-timeline-${name}`, role: "slider", tabIndex: 0, "aria-label": words});
    el.dataset.point = name;
    return el;
  };
  const cursor = handle("at", "Shown frame"), begin = handle("begin", "In point"), end = handle("end", "Out point");
  const marks = h("div", {class: "wb-timeline-marks"}), names = h("div", {class: "wb-timeline-names", role: "group", "aria-label": "Cameras on the timeline"});
  const stage = h("div", {class: "wb-timeline-stage", tabIndex: 0, role: "group", "aria-label": "Timeline: arrows step, plus and minus zoom, I and O set the range"},
    canvas, marks, begin, end, cursor);

  // --- controls ---
  const button = (words, work, more = {}) => h("button", {type: "button", onclick: work, ...more}, words);
  const further = (at) => { if (at === null) ui.say("There is nothing further in that direction."); };
  const step = (by, unit) => (unit === "key" && !ui.shown.keys ? ui.say(NO_KEYS) : quiet(move("step", {by, unit}).then(further)));
  const nudge = (point, by, unit) => quiet(move("nudge", {point, by, unit}).then(further));
  const NO_KEYS = "No steps by key frames: the VMS does not tell which pictures are key frames.";
  const noKeys = h("span", {class: "wb-timeline-nokeys", hidden: true}, NO_KEYS);
  const keys = [button("◀ Key", () => step(-1, "key"), {"aria-label": "◀ Key: previous key frame"}), button("Key ▶", () => step(1, "key"), {"aria-label": "Key ▶: next key frame"})];
  const input = (which, words) => {
    const el = h("input", {type: "text", name: which, size: 26, autocomplete: "off", spellcheck: false});
    const commit = () => { if (el.value !== el.dataset.drawn) { ui.clear(); move("typed", {which, text: el.value}).then(ui.redraw, () => undefined); } };
    el.addEventListener("change", commit);
    el.addEventListener("keydown", (event) => { if (event.key === "Escape") { el.value = el.dataset.drawn; } });
    return [el, wb.field(words, el, which)];
  };
  const [inInput, inField] = input("begin", "In"), [outInput, outField] = input("end", "Out"), [atInput, atField] = input("at", "Shown");
  const length = h("output", {class: "wb-timeline-length"});
  const lists = wbLists(ui, (a, b) => {
    quiet(move("seek", {at: a}));
    if (b !== null && b > a) look(a - (b - a) * 0.1, b + (b - a) * 0.1);
  });
  ui.add(
    h("h2", {}, "Timeline"),
    h("div", {class: "wb-row"}, inField, outField, atField, length),
    h("div", {class: "wb-row", role: "toolbar", "aria-label": "Steps and zoom"},
      button("◀ Frame", () => step(-1, "frame"), {"aria-label": "◀ Frame: previous"}), button("Frame ▶", () => step(1, "frame"), {"aria-label": "Frame ▶: next"}),
      button("◀ 1 s", () => step(-1, "second"), {"aria-label": "◀ 1 s back"}), button("1 s ▶", () => step(1, "second"), {"aria-label": "1 s ▶ on"}),
      keys, button("◀ Gap", () => step(-1, "gap"), {"aria-label": "◀ Gap: previous border"}), button("Gap ▶", () => step(1, "gap"), {"aria-label": "Gap ▶: next border"}),
      button("Set in", () => quiet(move("mark", {which: "begin"}))), button("Set out", () => quiet(move("mark", {which: "end"}))),
      button("Clear", () => quiet(move("range", {begin: null, end: null})), {"aria-label": "Clear in and out"}),
      button("+", () => zoom(0.5), {"aria-label": "Zoom in"}), button("−", () => zoom(2), {"aria-label": "Zoom out"}),
      button("All", () => fit(), {"aria-label": "Show all that is recorded"}), button("Range", () => around(), {"aria-label": "Zoom to the range"}), noKeys),
    h("div", {class: "wb-timeline-box"}, names, stage),
    h("p", {class: "wb-timeline-hint"}, "Drag over the lanes sets the range, drag on the ruler pans. Ctrl or ⌘ with the wheel zooms, a sideways wheel pans."),
    ...lists.nodes,
    h("details", {}, h("summary", {}, "Keys"), h("p", {},
      "← → frame, Shift ← → second, K / Shift K key frame, G / Shift G gap border, I O in and out at the shown frame, Shift I / Shift O take them away, " +
      "+ − zoom, Ctrl ← → pan, Home End first and last picture. A plain wheel scrolls the page; with Ctrl or ⌘ it zooms at the pointer, with Shift it pans. " +
      "A click shows that frame. On the in and out handles the arrows move them by a frame, with Shift by a second; a dragged handle catches at pictures, " +
      "at borders of what is recorded and at the other points, with Alt it does not.")));

  // --- where things are ---
  const lanes = () => ui.shown.lanes || [];
  const lane = () => lanes().find((one) => one.id === ui.shown.source) || lanes()[0];
  const how = (digits) => ({dated: ui.shown.dated, zone: lane() ? lane().zone : "UTC", digits});
  const x = (us) => (us - view[0]) / (view[1] - view[0]) * width;
  const us = (px) => Math.round(view[0] + px / width * (view[1] - view[0]));
  const extent = () => {
    const there = lanes().filter((one) => one.first !== null && one.here);
    return there.length ? [Math.min(...there.map((one) => one.first)), Math.max(...there.map((one) => one.last)) + wb.SECOND] : null;
  };
  // What a dragged point catches at.
  function places(point) {
    const s = ui.shown, out = ["begin", "end", "at"].filter((one) => one !== point && s[one] !== null).map((one) => s[one]);
    for (const one of Object.values(data ? data.lanes : {})) for (const [a, b] of one.stretches) if (b >= view[0] && a <= view[1]) out.push(a, b);
    return ticks && lane() && ticks.source === lane().id ? out.concat(ticks.times) : out;
  }
  const local = () => hand.dragged() || ui.shown;

  // --- drawing ---
  function paint() {
    if (!view || !lanes().length) { canvas.width = canvas.width; return; }
    canvas.style.height = `${wbTimeline.height(lanes().length)}px`;
    wbTimeline.draw(canvas, {width, view, shown: local(), data, thumbs, ticks, ink: ink || (ink = wbTimeline.inks(canvas, ui.root))});
    place(begin, local().begin, "In point"); place(end, local().end, "Out point"); place(cursor, local().at, "Shown frame");
    for (const mark of marks.children) {
      const left = x(Number(mark.dataset.at)), right = mark.dataset.end ? x(Number(mark.dataset.end)) : left;
      hide(mark, right < -8 || left > width + 8);
      mark.style.left = `${left}px`;
      if (mark.dataset.end) mark.style.width = `${Math.max(2, right - left)}px`;
    }
  }
  const frame = wb.throttle(paint);
  // What goes out of sight leaves its keys to the whole.
  const hide = (el, is) => { if (is && document.activeElement === el) stage.focus({preventScroll: true}); el.hidden = is; };
  function place(el, at, words) {
    hide(el, at === null || at === undefined || x(at) < -6 || x(at) > width + 6);
    if (el.hidden) return;
    el.style.left = `${x(at)}px`;
    el.setAttribute("aria-valuenow", Math.round(x(at) / width * 1000)); el.setAttribute("aria-valuemin", 0); el.setAttribute("aria-valuemax", 1000);
    el.setAttribute("aria-valuetext", `${words} ${wb.time(at, how(6))}`);
  }

  // --- asking ---
  const covered = () => data && data.begin <= Math.max(0, view[0]) && data.end >= view[1];
  function stretches() {
    const span = view[1] - view[0];
    ask("stretches", {begin: Math.floor(view[0] - span / 2), end: Math.ceil(view[1] + span / 2), most: Math.round(width * 2)}, (found) => {
      data = found; told(); exact();
    });
  }
  // After a longer rest: the shown camera's files are looked through, which may take its time.
  const exact = wb.pause(() => {
    const mine = data && data.lanes[ui.shown.source];
    if (!mine || mine.checked || moving) return;
    ask("exact", {begin: data.begin, end: data.end, most: Math.round(width * 2)}, (found) => {
      if (data.begin === found.begin && data.end === found.end) { Object.assign(data.lanes, found.lanes); told(); }
    });
  }, 700);
  function told() {
    stage.dataset.known = lanes().filter((one) => data.lanes[one.id]).length;
    lists.draw(lanes(), data, view, how); say(); frame();
  }
  const thumbnails = () => ask("thumbs", {begin: Math.floor(view[0]), end: Math.ceil(view[1]), n: Math.max(1, Math.floor(width / 100))});
  const rest = wb.pause(() => {
    moving = false;
    stretches();
    if (!lane()) return;
    thumbnails();
    if (view[1] - view[0] < 60 * wb.SECOND) ask("ticks", {begin: Math.floor(view[0]), end: Math.ceil(view[1])});
    if (!ui.shown.view || (ui.shown.view[0] !== view[0] || ui.shown.view[1] !== view[1])) {
      telling += 1;
      quiet(ui.ask("view", {begin: view[0], end: view[1]}, {quiet: true})).then(() => { telling -= 1; });
    }
  }, 60);

  // --- moving the view ---
  function look(a, b) {
    const middle = (a + b) / 2, span = Math.min(MOST, Math.max(LEAST, b - a));
    view = [Math.round(middle - span / 2), Math.round(middle + span / 2)];
    moving = true; frame(); rest();
    if (data && !covered()) stretches();
  }
  const zoom = (by, px = ui.shown.at !== null && view && x(ui.shown.at) >= 0 && x(ui.shown.at) <= width ? x(ui.shown.at) : width / 2) => {
    if (!view) return;
    const fixed = view[0] + px / width * (view[1] - view[0]), span = (view[1] - view[0]) * by;
    if (span < LEAST && by < 1) return;
    look(fixed - px / width * span, fixed + (1 - px / width) * span);
  };
  const pan = (px) => { if (view) { const d = px / width * (view[1] - view[0]); look(view[0] + d, view[1] + d); } };
  const fit = () => { const e = extent(); if (e) look(e[0] - (e[1] - e[0]) * 0.02, e[1] + (e[1] - e[0]) * 0.02); };
  const around = () => { const s = ui.shown; if (s.begin !== null && s.end !== null) look(s.begin - (s.end - s.begin) * 0.2, s.end + (s.end - s.begin) * 0.2); };
  const hand = wbTimelineHand(ui, stage, {view: () => view, width: () => width, x, us, pan, zoom, frame, places, lane, move, step, nudge});

  // --- what came ---
  const drop = () => { for (const one of thumbs) one.image.close(); thumbs = []; };
  ui.on("thumbs", async (what, buffers) => {
    if (what.source !== ui.shown.source || what.look !== ui.shown.look) return;
    const images = await Promise.all(buffers.map((b) => createImageBitmap(new Blob([b], {type: "image/jpeg"})).catch(() => null)));
    const found = images.map((image, n) => ({image, at: what.at[n]})).filter((one) => one.image);
    if (what.source !== ui.shown.source || what.look !== ui.shown.look) { for (const one of found) one.image.close(); return; }
    drop();
    thumbs = found;
    stage.dataset.thumbs = `${thumbs.length} of look ${what.look}`;
    frame();
  });
  ui.on("ticks", (what, buffers) => {
    const b = buffers[0], times = [];
    for (let n = 0; n + 8 <= b.byteLength; n += 8) times.push(b.getFloat64(n, true));
    ticks = {source: what.source, times};
    stage.dataset.ticks = times.length;
    frame();
  });

  // --- words ---
  function say() {
    if (!lanes().length) { ui.say("Choose a camera to see when it recorded."); return; }
    const zone = lane() && ui.shown.dated ? ` Times in ${lane().zone}${lane().zone_assumed ? " (assumed)" : ""}.` : "";
    const some = (found) => (found.length > 4 ? `${found.slice(0, 3).join(", ")} and ${found.length - 3} more` : found.join(", "));
    const those = (test) => some(lanes().filter(test).map((one) => one.name)), held = (one) => data && data.lanes[one.id];
    const unchecked = those((one) => held(one) && held(one).known && !held(one).checked), away = those((one) => !one.here);
    const blank = those((one) => one.here && one.first === null);
    ui.say([`Shown: ${wb.time(ui.shown.at, how(6))}.${zone}`, unchecked && `Drawn from the catalogue, not checked: ${unchecked}.`,
      blank && `No recorded time is known of: ${blank}.`, away && `On another kind of time line: ${away}.`, ...ask.wrong()].filter(Boolean).join(" "));
  }
  let namesDrawn = "", marksDrawn = "";
  function drawNames(shown) {
    const now = JSON.stringify(lanes().map((one) => [one.id, one.name, one.here]));
    if (now !== namesDrawn) names.replaceChildren(...lanes().map((one, n) => h("button", {type: "button", class: "wb-timeline-name", "data-id": one.id,
      style: `top:${wbTimeline.laneTop(n)}px`, title: `Show the frame of ${one.name}`, onclick: () => quiet(move("show", {source: one.id}))}, one.name)));
    namesDrawn = now;
    for (const el of names.children) el.setAttribute("aria-pressed", String(el.dataset.id === shown.source));
    names.style.height = `${wbTimeline.height(lanes().length)}px`;
  }
  function mark(one, n) {
    const top = `top:${wbTimeline.laneTop(Math.max(0, n))}px`, go = () => quiet(move("seek", {at: one.at}));
    const words = `${one.kind === "export" ? "Export" : "Snapshot"} ${one.id} at ${wb.time(one.at, how(3))}: ${one.words}`;
    const el = h("button", {type: "button", class: "wb-timeline-mark", "aria-label": words, title: words, style: top, onclick: go}, one.id);
    el.dataset.at = one.at;
    if (one.end === null || one.end === undefined) return [el];
    const span = h("div", {class: "wb-timeline-span", "aria-hidden": "true", style: top});
    span.dataset.at = one.at; span.dataset.end = one.end;
    return [span, el];
  }
  function drawMarks(shown) {
    const now = JSON.stringify([shown.marks, shown.dated, lanes().map((one) => one.id)]);
    if (now === marksDrawn) return;
    marksDrawn = now;
    const row = (id) => lanes().findIndex((one) => one.id === id), found = shown.marks || [];
    wb.steady(stage, () => marks.replaceChildren(...found.filter((one) => one.here && row(one.source) >= 0).flatMap((one) => mark(one, row(one.source)))), stage);
    lists.drawMarks(found, (id) => (lanes().find((one) => one.id === id) || {name: id || "–"}).name, how);
  }
  function drawFields(shown) {
    for (const [el, value] of [[inInput, shown.begin], [outInput, shown.end], [atInput, shown.at]]) {
      const words = wb.typed(value, how());
      if (document.activeElement !== el || el.dataset.drawn === el.value) el.value = words;
      el.dataset.drawn = words;
    }
    length.textContent = shown.begin !== null && shown.end !== null ? `${wb.span(shown.end - shown.begin)} chosen` : "no range chosen";
    for (const el of keys) el.disabled = !shown.keys;
    noKeys.hidden = shown.keys !== false;
  }

  const sized = new ResizeObserver(() => { const w = stage.clientWidth; if (w && w !== width) { width = w; if (view) { frame(); rest(); } } });
  sized.observe(stage);
  ui.cleanup(() => { sized.disconnect(); drop(); });
  let drawn = {};
  function follow(shown) {
    const before = view;
    if (!view || !(moving || telling)) view = shown.view ? shown.view.slice() : extent() || view;
    const now = JSON.stringify([lanes().map((one) => [one.id, one.here, one.first, one.last]), shown.dated, shown.source]), looked = `${shown.source} ${shown.look}`;
    if (looked !== drawn.looked) { drop(); delete stage.dataset.thumbs; if (drawn.source !== shown.source) ticks = null; }
    if (view && (now !== drawn.now || !before || before[0] !== view[0] || before[1] !== view[1])) rest();
    else if (view && looked !== drawn.looked) thumbnails();
    if (view && drawn.at !== undefined && shown.at !== null && shown.at !== drawn.at && !hand.busy() && (shown.at < view[0] || shown.at > view[1])) {
      const span = view[1] - view[0];
      look(shown.at - span / 2, shown.at + span / 2);
    }
    drawn = {now, looked, source: shown.source, at: shown.at};
  }
  ui.draw((shown) => {
    width = stage.clientWidth || width;
    ink = null;
    drawNames(shown); drawMarks(shown); drawFields(shown); follow(shown); say();
    if (data && view) lists.draw(lanes(), data, view, how);
    frame();
  });
});
