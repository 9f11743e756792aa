// The timeline: pan and zoom are drawn at once from what is known; the kernel is asked when the view rests.
export default wb.view("Timeline", (ui) => {
  const {h} = wb;
  let view = null, moving = false, data = null, ticks = null, thumbs = [], drag = null, width = 600;
  const canvas = h("canvas", {class: "wb-timeline-canvas", "aria-hidden": "true"});
  const handle = (name, words) => {
    const el = h("div", {class: `wb-timeline-handle wb-timeline-${name}`, role: "slider", tabIndex: 0, "aria-label": words});
    el.dataset.point = name;
    return el;
  };
  const cursor = handle("at", "Shown frame"), begin = handle("begin", "In point"), end = handle("end", "Out point");
  const marks = h("div", {class: "wb-timeline-marks"}), names = h("div", {class: "wb-timeline-names"});
  const stage = h("div", {class: "wb-timeline-stage", role: "group", "aria-label": "Timeline: arrows step, plus and minus zoom, I and O set the range"},
    canvas, names, marks, begin, end, cursor);
  const button = (words, work, more = {}) => h("button", {type: "button", onclick: work, ...more}, words);
  const step = (by, unit) => ui.ask("step", {by, unit}).then((at) => { if (at === null) ui.say("There is nothing further in that direction."); });
  const input = (which, words) => {
    const el = h("input", {type: "text", name: which, size: 26, autocomplete: "off", spellcheck: false});
    const commit = () => { if (el.value !== el.dataset.drawn) { ui.clear(); ui.ask("typed", {which, text: el.value}).then(ui.redraw, () => undefined); } };
    el.addEventListener("change", commit);
    el.addEventListener("keydown", (event) => { if (event.key === "Escape") { el.value = el.dataset.drawn; } });
    return [el, wb.field(words, el, which)];
  };
  const [inInput, inField] = input("begin", "In"), [outInput, outField] = input("end", "Out"), [atInput, atField] = input("at", "Shown");
  const length = h("output", {class: "wb-timeline-length"});
  const list = h("tbody");
  const details = h("details", {class: "wb-timeline-list", ontoggle: () => listed()}, h("summary", {}, "Recorded and missing stretches as a list"),
    h("table", {}, h("thead", {}, h("tr", {}, ["Camera", "What", "From", "To", "Length", ""].map((w) => h("th", {scope: "col"}, w)))), list));
  ui.add(
    h("h2", {}, "Timeline"),
    h("div", {class: "wb-row"}, inField, outField, atField, length),
    h("div", {class: "wb-row", role: "toolbar", "aria-label": "Steps and zoom"},
      button("◀ Frame", () => step(-1, "frame"), {"aria-label": "Previous frame"}), button("Frame ▶", () => step(1, "frame"), {"aria-label": "Next frame"}),
      button("◀ 1 s", () => step(-1, "second"), {"aria-label": "One second back"}), button("1 s ▶", () => step(1, "second"), {"aria-label": "One second on"}),
      button("◀ Key", () => step(-1, "key"), {"aria-label": "Previous key frame"}), button("Key ▶", () => step(1, "key"), {"aria-label": "Next key frame"}),
      button("◀ Gap", () => step(-1, "gap"), {"aria-label": "Previous gap border"}), button("Gap ▶", () => step(1, "gap"), {"aria-label": "Next gap border"}),
      button("Set in", () => ui.ask("mark", {which: "begin"})), button("Set out", () => ui.ask("mark", {which: "end"})),
      button("Clear", () => ui.ask("range", {begin: null, end: null}), {"aria-label": "Clear in and out"}),
      button("+", () => zoom(0.5), {"aria-label": "Zoom in"}), button("−", () => zoom(2), {"aria-label": "Zoom out"}),
      button("All", () => fit(), {"aria-label": "Show all that is recorded"}), button("Range", () => around(), {"aria-label": "Zoom to the range"})),
    stage, details,
    h("details", {}, h("summary", {}, "Keys"), h("p", {},
      "← → frame, Shift ← → second, K / Shift K key frame, G / Shift G gap border, I O in and out at the shown frame, Shift I / Shift O take them away, " +
      "+ − zoom, Ctrl ← → pan, Home End first and last picture. Wheel zooms at the pointer, Shift with the wheel pans; drag over the lanes sets the range, " +
      "drag on the ruler pans, a click shows that frame. On the in and out handles the arrows move them by a frame, with Shift by a second.")));

  const lanes = () => ui.shown.lanes || [];
  const lane = () => lanes().find((one) => one.id === ui.shown.source) || lanes()[0];
  const how = (digits) => ({dated: ui.shown.dated, zone: lane() ? lane().zone : "UTC", digits});
  const x = (us) => (us - view[0]) / (view[1] - view[0]) * width;
  const us = (px) => Math.round(view[0] + px / width * (view[1] - view[0]));
  const extent = () => {
    const there = lanes().filter((one) => one.first !== null && one.dated === ui.shown.dated);
    return there.length ? [Math.min(...there.map((one) => one.first)), Math.max(...there.map((one) => one.last)) + wb.SECOND] : null;
  };

  function paint() {
    if (!view || !lanes().length) { canvas.width = canvas.width; return; }
    canvas.style.height = `${wbTimeline.height(lanes().length)}px`;
    wbTimeline.draw(canvas, {width, view, shown: local(), data, thumbs, ticks, root: ui.root});
    place(begin, local().begin, "In point"); place(end, local().end, "Out point"); place(cursor, local().at, "Shown frame");
    for (const mark of marks.children) { const left = x(Number(mark.dataset.at)); mark.hidden = left < -8 || left > width + 8; mark.style.left = `${left}px`; }
  }
  const local = () => (drag && drag.shown) || ui.shown;
  const frame = wb.throttle(paint);
  function place(el, at, words) {
    el.hidden = at === null || at === undefined || x(at) < -6 || x(at) > width + 6;
    if (at === null || at === undefined) return;
    el.style.left = `${x(at)}px`;
    el.setAttribute("aria-valuenow", Math.round(x(at) / width * 1000)); el.setAttribute("aria-valuemin", 0); el.setAttribute("aria-valuemax", 1000);
    el.setAttribute("aria-valuetext", `${words} ${wb.time(at, how(6))}`);
  }
  const rest = wb.pause(() => {
    moving = false;
    const span = view[1] - view[0];
    ui.ask("stretches", {begin: Math.floor(view[0] - span / 2), end: Math.ceil(view[1] + span / 2), most: Math.round(width * 2)}, {quiet: false})
      .then((found) => {
        if (!found) return undefined;
        data = found; listed(); frame();
        const mine = found.lanes[ui.shown.source];
        return mine && !mine.checked ? ui.ask("exact", {begin: found.begin, end: found.end, most: Math.round(width * 2)}) : undefined;
      }).then((found) => { if (found && data && data.begin === found.begin && data.end === found.end) { Object.assign(data.lanes, found.lanes); listed(); frame(); } }).catch(() => undefined);
    ui.ask("thumbs", {begin: Math.floor(view[0]), end: Math.ceil(view[1]), n: Math.max(1, Math.floor(width / 100))}, {quiet: true}).catch(() => undefined);
    if (span < 60 * wb.SECOND && lane()) ui.ask("ticks", {begin: Math.floor(view[0]), end: Math.ceil(view[1])}, {quiet: true}).catch(() => undefined);
    if (ui.shown.view && (ui.shown.view[0] !== view[0] || ui.shown.view[1] !== view[1])) ui.ask("view", {begin: view[0], end: view[1]}, {quiet: true}).catch(() => undefined);
  }, 60);
  function look(a, b) {
    const least = 4000, most = 200 * 365 * 86400 * wb.SECOND, middle = (a + b) / 2, span = Math.min(most, Math.max(least, b - a));
    view = [Math.round(middle - span / 2), Math.round(middle + span / 2)];
    moving = true; frame(); rest();
  }
  const zoom = (by, px = ui.shown.at !== null && view && x(ui.shown.at) >= 0 && x(ui.shown.at) <= width ? x(ui.shown.at) : width / 2) => {
    if (!view) return;
    const fixed = view[0] + px / width * (view[1] - view[0]), span = (view[1] - view[0]) * by;
    look(fixed - px / width * span, fixed + (1 - px / width) * span);
  };
  const pan = (px) => { if (view) { const d = px / width * (view[1] - view[0]); look(view[0] + d, view[1] + d); } };
  const fit = () => { const e = extent(); if (e) look(e[0] - (e[1] - e[0]) * 0.02, e[1] + (e[1] - e[0]) * 0.02); };
  const around = () => { const s = ui.shown; if (s.begin !== null && s.end !== null) look(s.begin - (s.end - s.begin) * 0.2, s.end + (s.end - s.begin) * 0.2); };

  // --- pointer ---
  const px = (event) => event.clientX - stage.getBoundingClientRect().left;
  stage.addEventListener("wheel", (event) => {
    if (!view) return;
    event.preventDefault();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan((event.deltaX || event.deltaY));
    else zoom(Math.exp(Math.sign(event.deltaY) * Math.min(1, Math.abs(event.deltaY) / 240)), px(event));
  }, {passive: false});
  stage.addEventListener("pointerdown", (event) => {
    if (!view || event.button || event.target.closest(".wb-timeline-mark")) return;
    const top = event.clientY - stage.getBoundingClientRect().top, point = event.target.dataset && event.target.dataset.point;
    drag = {from: px(event), last: px(event), kind: point || (top < wbTimeline.RULER ? "pan" : "range"), shown: {...ui.shown}, moved: false};
    try { stage.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone already */ }
    if (point) event.target.focus();
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const now = px(event);
    if (Math.abs(now - drag.from) > 3) drag.moved = true;
    if (!drag.moved) return;
    if (drag.kind === "pan") { pan(drag.last - now); drag.last = now; return; }
    if (drag.kind === "range") { const [a, b] = [us(drag.from), us(now)].sort((m, n) => m - n); Object.assign(drag.shown, {begin: a, end: b}); }
    else drag.shown[drag.kind] = us(now);
    frame();
  });
  const released = (event) => {
    if (!drag) return;
    const done = drag, keep = drag.shown;
    const over = () => { if (drag === done) { drag = null; frame(); } };
    if (event.type === "pointercancel" || (!done.moved && done.kind !== "range" && done.kind !== "pan")) return over();
    if (!done.moved) { over(); ui.ask("seek", {at: us(done.from)}).catch(() => undefined); return undefined; }
    if (done.kind === "pan") return over();
    const asked = done.kind === "at" ? ui.ask("seek", {at: keep.at}) : ui.ask("range", {begin: keep.begin, end: keep.end});
    return asked.then(over, over);
  };
  stage.addEventListener("pointerup", released);
  stage.addEventListener("pointercancel", released);

  // --- keys ---
  stage.addEventListener("keydown", (event) => {
    const key = event.key, back = event.shiftKey, on = event.target.dataset && event.target.dataset.point;
    const arrow = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
    if (event.altKey || event.metaKey) return;
    if (arrow && event.ctrlKey) pan(arrow * width / 5);
    else if (arrow && (on === "begin" || on === "end")) nudge(on, arrow, back);
    else if (arrow) step(arrow, back ? "second" : "frame");
    else if (event.ctrlKey) return;
    else if (key === "Home" || key === "End") { const e = lane(); if (e && e.first !== null) ui.ask("seek", {at: key === "Home" ? e.first : e.last}); }
    else if (key === "+" || key === "=") zoom(0.5);
    else if (key === "-") zoom(2);
    else if (key === "i" || key === "o") ui.ask("mark", {which: key === "i" ? "begin" : "end"});
    else if (key === "I") ui.ask("range", {begin: null, end: ui.shown.end});
    else if (key === "O") ui.ask("range", {begin: ui.shown.begin, end: null});
    else if (key.toLowerCase() === "g") step(back ? -1 : 1, "gap");
    else if (key.toLowerCase() === "k") step(back ? -1 : 1, "key");
    else return;
    event.preventDefault();
  });
  const nudge = (point, by, second) => ui.ask("nudge", {point, by, unit: second ? "second" : "frame"});

  // --- what came ---
  ui.on("thumbs", async (what, buffers) => {
    const images = await Promise.all(buffers.map((b) => createImageBitmap(new Blob([b], {type: "image/jpeg"})).catch(() => null)));
    for (const one of thumbs) one.image.close();
    thumbs = images.map((image, n) => ({image, at: what.at[n]})).filter((one) => one.image);
    frame();
  });
  ui.on("ticks", (what, buffers) => {
    const b = buffers[0], times = [];
    for (let n = 0; n + 8 <= b.byteLength; n += 8) times.push(b.getFloat64(n, true));
    ticks = {source: what.source, times};
    frame();
  });
  function listed() {
    if (!details.open || !data) return;
    const rows = [];
    for (const one of lanes()) {
      const held = data.lanes[one.id];
      let reached = null;
      for (const [a, b, gaps] of held ? held.stretches : []) {
        if (b < view[0] || a > view[1] || rows.length > 400) continue;
        if (reached !== null && a > reached) rows.push([one.name, `nothing recorded (${held.witness})`, reached, a]);
        if (held.checked === false && reached === null) rows.push([one.name, "from the catalogue, not checked", a, b]);
        rows.push([one.name, gaps ? `recorded, with ${gaps} small gap${gaps === 1 ? "" : "s"}` : "recorded", a, b]);
        reached = b;
      }
    }
    list.replaceChildren(...rows.map(([name, what, a, b]) => h("tr", {}, h("td", {}, name), h("td", {}, what), h("td", {}, wb.time(a, how(3))),
      h("td", {}, wb.time(b, how(3))), h("td", {}, wb.span(b - a)), h("td", {}, button("Go there", () => { ui.ask("seek", {at: a}); look(a - (b - a) * 0.1, b + (b - a) * 0.1); })))));
  }
  // Lanes that were drawn from what was learnt before, without a look at the files.
  const unchecked = () => {
    const names = data ? lanes().filter((one) => data.lanes[one.id] && !data.lanes[one.id].checked).map((one) => one.name) : [];
    return names.length ? ` Drawn from the catalogue, not checked: ${names.join(", ")}.` : "";
  };
  const sized = new ResizeObserver(() => { const w = stage.clientWidth; if (w && w !== width) { width = w; if (view) { frame(); rest(); } } });
  sized.observe(stage);
  ui.cleanup(() => { sized.disconnect(); for (const one of thumbs) one.image.close(); });

  let sources = "", lastShown = "", frames = 0;
  ui.draw((shown) => {
    width = stage.clientWidth || width;
    const now = JSON.stringify([lanes().map((one) => one.id), shown.dated]);
    if (!view || !moving) {
      const old = view;
      if (shown.view) view = shown.view.slice(); else if (extent()) view = extent();
      if (view && (now !== sources || shown.source !== lastShown || !old || old[0] !== view[0] || old[1] !== view[1])) rest();
    }
    if (shown.source !== lastShown) { for (const one of thumbs) one.image.close(); thumbs = []; ticks = null; }
    sources = now; lastShown = shown.source;
    if (view && shown.at !== null && !drag && (shown.at < view[0] || shown.at > view[1]) && frames !== shown.at) {
      const span = view[1] - view[0];
      look(shown.at - span / 2, shown.at + span / 2);
    }
    frames = shown.at;
    names.replaceChildren(...lanes().map((one, n) => h("button", {type: "button", class: "wb-timeline-name", "aria-pressed": String(one.id === shown.source),
      style: `top:${wbTimeline.laneTop(n)}px`, title: "Show this camera's frame", onclick: () => ui.ask("show", {source: one.id})}, one.name)));
    marks.replaceChildren(...(shown.marks || []).map((one) => {
      const n = lanes().findIndex((l) => l.id === one.source);
      const el = h("button", {type: "button", class: "wb-timeline-mark", "aria-label": `Snapshot ${one.id} at ${wb.time(one.at, how(3))}: ${one.words}`,
        title: `${one.id}: ${one.words}`, style: `top:${wbTimeline.laneTop(Math.max(0, n))}px`, onclick: () => ui.ask("seek", {at: one.at})}, one.id);
      el.dataset.at = one.at;
      return el;
    }));
    for (const [el, value] of [[inInput, shown.begin], [outInput, shown.end], [atInput, shown.at]]) {
      const words = value === null || value === undefined ? "" : wb.time(value, {...how(6)}).replace(/ s$/, "").replace(/^([+].*)$/, "$1").replace(` ${how(6).zone}`, "");
      if (document.activeElement !== el || el.dataset.drawn === el.value) { el.value = words; }
      el.dataset.drawn = words;
    }
    const zone = lane() && shown.dated ? ` Times in ${lane().zone}${lane().zone_assumed ? " (assumed)" : ""}.` : "";
    length.textContent = shown.begin !== null && shown.end !== null ? `${wb.span(shown.end - shown.begin)} chosen` : "no range chosen";
    if (!lanes().length) ui.say("Choose a camera to see when it recorded.");
    else ui.say(`Shown: ${wb.time(shown.at, how(6))}.${zone}${unchecked()}`);
    frame();
  });
});
