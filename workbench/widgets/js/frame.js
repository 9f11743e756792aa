// Frame and masks: the exact frame at the cursor, drawing on it, and the real masked frame beside.
export default wb.view("Frame and masks", (ui) => {
  const {h} = wb;
  let selected = -1, masked = false, last = null, wanted = "", pending = new Map(), sent = 0, open = null, told = 0;
  const words = (us) => wb.time(us, {dated: ui.shown.dated, zone: ui.shown.zone, digits: 6});
  const asked = (verb, args) => ui.ask(verb, args).catch(() => undefined);
  const on = {
    points(mask, points) { pending.set(mask, points); show(); const mine = ++sent; return ui.ask("polygon", {mask, points}).finally(() => { if (mine === sent) { pending.clear(); show(); } }).catch(() => undefined); },
    insert: (mask, after, at) => asked("insert", {mask, after, at}),
    removeCorner: (mask, corner) => asked("remove_corner", {mask, corner}),
    crop: (area) => asked("crop", {area}),
    select(n) { selected = n; show(); },
    add: (p) => on.drawing([...corners(), p]),
    undoPoint: () => on.drawing(corners().slice(0, -1)),
    cancel: () => on.drawing([]),
    // What is drawn shows at once; the kernel's truth takes over when it has answered all.
    drawing(points) { open = points; show(); const mine = ++told; return asked("drawing", {points}).then(() => { if (mine === told) { open = null; show(); } }); },
    close: () => asked("close_polygon", {}).then((n) => { if (n !== undefined) { selected = n; stage.setMode("look"); show(); stage.focusCorner(n, 0); } }),
    step: (by, unit) => asked("step", {by, unit}).then((at) => { if (at === null) ui.say("There is nothing further in that direction."); }),
    deleteMask: (mask) => { selected = -1; return asked("delete", {mask}); },
    duplicate: (mask) => asked("duplicate", {mask}).then((n) => { if (n !== undefined) { selected = n; show(); } }),
    style: (mask, style, inverted, reason) => asked("style", {mask, style, inverted, reason}),
    time: (mask, begin, end) => asked("time", {mask, begin, end}),
    asRange: (mask) => { const [a, b] = ui.shown.range; return asked("time", {mask, begin: a === null ? "" : iso(a), end: b === null ? "" : iso(b)}); },
    key: (mask) => asked("key", {mask}), removeKey: (mask, key) => asked("remove_key", {mask, key}),
    seek: (at) => asked("seek", {at}), words, say: (text) => ui.say(text),
  };
  const corners = () => open || ui.shown.drawing || [];
  const iso = (us) => (ui.shown.dated ? wb.time(us, {dated: true, zone: "UTC", digits: 6}).replace(" UTC", "Z").replace(" ", "T") : `+${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, "0")}`);
  const stage = wbStage(ui, on), tables = wbTables(ui, on);
  const camera = h("select", {onchange: () => asked("show", {source: camera.value})});
  const button = (text, work, more) => h("button", {type: "button", onclick: work, ...more}, text);
  const draw = button("Draw mask", () => { stage.setMode(stage.mode === "draw" ? "look" : "draw"); stage.el.focus(); }, {"aria-pressed": "false"});
  const crop = button("Crop", () => { stage.setMode(stage.mode === "crop" ? "look" : "crop"); stage.el.focus(); }, {"aria-pressed": "false"});
  const undo = button("Undo", () => asked("undo")), redo = button("Redo", () => asked("redo"));
  const preview = button("Preview masked", () => { masked = !masked; preview.setAttribute("aria-pressed", String(masked)); fetch(true); }, {"aria-pressed": "false"});
  const state = h("span", {class: "wb-frame-preview", role: "status"}), zoomed = h("output", {});
  const facts = h("dl", {class: "wb-frame-facts"}), mode = h("p", {class: "wb-frame-mode"});
  ui.add(h("h2", {}, "Frame and masks"),
    h("div", {class: "wb-row"}, wb.field("Camera", camera, "source"), draw, crop, undo, redo, preview, state,
      button("Fit", () => stage.fit()), button("1:1", () => stage.exact()), button("+", () => stage.zoom(1.25), {"aria-label": "Zoom picture in"}), button("−", () => stage.zoom(0.8), {"aria-label": "Zoom picture out"}), zoomed),
    mode, stage.el, facts, h("h3", {}, "Masks"), ...tables.nodes,
    h("details", {}, h("summary", {}, "Keys"), h("p", {}, "On the picture: ← → frame, Shift second, K key frame, + − 0 1 zoom, D draw a mask, C crop, Escape back. " +
      "While drawing: click or Space puts a corner, arrows move the pen by a pixel (Shift by ten), Backspace takes the last corner, Enter closes, Escape cancels. " +
      "On a corner: arrows move it by a pixel of the recording (Shift by ten), Delete removes it; on the small dots between corners Enter puts one in. Ctrl Z and Ctrl Shift Z undo and redo.")));
  ui.root.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.matches("input, textarea")) return;
    event.preventDefault(); asked(event.shiftKey ? "redo" : "undo");
  });
  stage.onMode((now) => {
    draw.setAttribute("aria-pressed", String(now === "draw")); crop.setAttribute("aria-pressed", String(now === "crop"));
    mode.textContent = {draw: "Drawing a mask: put corners, close with Enter or at the first one.", crop: "Crop: drag a rectangle, or Space at two corners.", look: ""}[now];
  });

  // The frame of the cursor; with the masks in the key, so that a preview is made anew when they change.
  function fetch(force = false) {
    const s = ui.shown;
    if (!s.source || s.at === null) return;
    const key = JSON.stringify([s.source, s.at, masked, masked ? [s.masks, s.crop] : 0]);
    if (key === wanted && !force) return;
    wanted = key;
    if (masked) state.textContent = "preview: out of date";
    const width = Math.ceil(stage.el.clientWidth * (window.devicePixelRatio || 1) * (stage.percent > 100 ? 4 : 1.5));
    ui.ask("frame", {source: s.source, at: s.at, width, masked}).catch(() => undefined);
  }
  ui.on("frame", (what, buffers) => {
    if (what.source !== ui.shown.source || what.masked !== masked) return;
    wb.picture(stage.img, buffers[0]).then(() => { stage.el.dataset.shown = what.at; stage.el.dataset.masked = String(what.masked); });
    last = what;
    stage.resize(...what.of);  // of the crop, where that is laid on
    state.textContent = what.masked ? "preview: masks and crop laid on by the engine" : "";
    stage.img.alt = `${nameOf(what.source)} at ${words(what.at)}${what.masked ? ", masked" : ""}`;
    tell(); show();
  });
  const nameOf = (id) => ((ui.shown.sources || []).find((one) => one.id === id) || {name: id}).name;
  function tell() {
    const t = last.times, rows = [["PTS", `${last.pts} × ${last.base} s`], ["Recording", last.file], ["Picture", `${last.type === "?" ? "type not known" : last.type}${last.key ? ", key frame" : ""}, ${last.of[0]} × ${last.of[1]} px`]];
    if (t.offset) rows.push(["Time", `${t.offset} s from the first picture (undated)`]);
    else rows.push(["Recorder's clock", wb.time(Number(t.device), {zone: ui.shown.zone, digits: 6})], ["Corrected", t.corrected || "clock not checked"], ["On the time line (UTC)", t.utc]);
    facts.replaceChildren(...rows.flatMap(([a, b]) => [h("dt", {}, a), h("dd", {"data-unchecked": b === "clock not checked" ? "1" : null}, b)]));
  }
  function show() {
    const s = ui.shown, at = s.at;
    const masks = (s.masks || []).map((mask, n) => ({...mask, points: pending.get(n) || wbShapes.shapeAt(mask, at), active: (mask.begin === null || at >= mask.begin) && (mask.end === null || at < mask.end)}));
    if (selected >= masks.length) selected = masks.length - 1;
    const previewing = masked && last && last.masked;
    stage.show({masks: previewing ? [] : masks, drawing: corners(), crop: previewing ? null : s.crop, selected});
    tables.show({masks, selected, crop: s.crop}, stage.size);
    zoomed.textContent = `${stage.percent} %`;
    const crossing = masks.some((m) => wbShapes.selfCrossing(m.points)) || wbShapes.selfCrossing(corners(), true);
    ui.say(!s.source ? "Choose a camera to see its frames." : [`${nameOf(s.source)} at ${words(at)}.`, masks.length ? `${masks.length} mask${masks.length === 1 ? "" : "s"}.` : "",
      corners().length ? `Drawing: ${corners().length} corners.` : "", crossing ? "An outline crosses itself: everything it encloses is covered." : ""].filter(Boolean).join(" "));
  }
  let cameras = "";
  ui.draw((s) => {
    const now = JSON.stringify(s.sources);
    if (now !== cameras) { cameras = now; camera.replaceChildren(...(s.sources || []).map((one) => h("option", {value: one.id}, one.name))); }
    camera.value = s.source;
    [undo.disabled, redo.disabled] = (s.undo || [0, 0]).map((n) => !n);
    if (corners().length && stage.mode === "look") stage.setMode("draw");
    show(); fetch();
  });
});
