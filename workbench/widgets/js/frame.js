// Frame and masks: the exact frame at the cursor, drawing on it, and the real masked frame beside.
export default wb.view("Frame and masks", (ui) => {
  const {h} = wb;
  let selected = -1, pending = new Map(), sent = 0, open = null, told = 0, drawn = null, closing = false;
  const words = (us) => wb.time(us, {dated: ui.shown.dated, zone: ui.shown.zone, digits: 6});
  const nameOf = (id) => ((ui.shown.sources || []).find((one) => one.id === id) || {name: id}).name;
  const asked = (verb, args) => ui.ask(verb, args).catch(() => undefined);
  // What is drawn names the camera and the instant that are seen: a step in between moves nothing elsewhere.
  const here = () => ({source: ui.shown.source, at: ui.shown.at});
  const draws = (verb, args) => asked(verb, {...args, source: ui.shown.source});
  // A moving mask is changed on the picture that belongs to the cursor, never on one that is still shown from before.
  const waits = (mask) => { const moves = ui.shown.masks[mask] && ui.shown.masks[mask].keys.length; if (moves && pictures.late()) ui.say("Wait until the picture at the cursor is shown: this mask moves."); return moves && pictures.late(); };
  const on = {
    points(mask, points) {
      if (waits(mask)) return Promise.resolve();
      pending.set(mask, points); show();
      const mine = ++sent;
      return ui.ask("polygon", {mask, points, ...here()}).finally(() => { if (mine === sent) { pending.clear(); show(); } }).catch(() => undefined);
    },
    insert: (mask, after, place) => (waits(mask) ? Promise.resolve() : asked("insert", {mask, after, place, ...here()})),
    removeCorner: (mask, corner) => draws("remove_corner", {mask, corner}),
    crop: (area) => draws("crop", {area}),
    select(n) { selected = n; show(); },
    add: (p) => on.drawing([...corners(), p]),
    undoPoint: () => on.drawing(corners().slice(0, -1)),
    cancel: () => on.drawing([]),
    // What is drawn shows at once; the kernel's truth takes over when it has answered all.
    drawing(points) { if (closing) return Promise.resolve(); open = points; show(); const mine = ++told; return draws("drawing", {points}).then(() => { if (mine === told) { open = null; show(); } }); },
    // Once: a double click closes, and draws no further.
    close() {
      if (closing) return;
      closing = true;
      draws("close_polygon", {}).then((n) => { closing = false; if (n !== undefined) { selected = n; stage.setMode("look"); show(); stage.focusCorner(n, 0); } });
    },
    step(by, unit) {
      const answer = ui.ask("step", {by, unit}), guessed = pictures.step(by, unit);
      return answer.then((at) => { guessed(at); if (at === null) ui.say("There is nothing further in that direction."); }, () => guessed(undefined));
    },
    deleteMask: (mask) => { selected = -1; return draws("delete", {mask}); },
    duplicate: (mask) => draws("duplicate", {mask}).then((n) => { if (n !== undefined) { selected = n; show(); } }),
    style: (mask, style, inverted, reason) => draws("style", {mask, style, inverted, reason}),
    time: (mask, borders) => draws("time", {mask, ...borders}),
    asRange: (mask) => { const [begin, end] = ui.shown.range.map(typed); return on.time(mask, {begin, end}); },
    key: (mask) => (pictures.late() ? ui.say("Wait until the picture at the cursor is shown.") : asked("key", {mask, ...here()})),
    removeKey: (mask, key) => draws("remove_key", {mask, key}),
    seek: (at) => asked("seek", {at}), compare: (how) => compare(how), zoomed: () => zoomed(), say: (text) => ui.say(text),
  };
  const corners = () => open || ui.shown.drawing || [];
  const typed = (us) => wb.typed(us, {dated: ui.shown.dated, zone: ui.shown.zone});
  const stage = wbStage(ui, on), pictures = wbPictures(ui, stage, {nameOf, words}), tables = wbTables(ui, {...on, words, typed, lost: () => stage.el});
  const camera = h("select", {onchange: () => asked("show", {source: camera.value})});
  const button = (text, work, more) => h("button", {type: "button", onclick: work, ...more}, text);
  const toggle = (mode) => () => { stage.setMode(stage.mode === mode ? "look" : mode); stage.el.focus({preventScroll: true}); };
  const draw = button("Draw mask", toggle("draw"), {"aria-pressed": "false"}), crop = button("Crop", toggle("crop"), {"aria-pressed": "false"});
  const undo = button("Undo", () => draws("undo", {})), redo = button("Redo", () => draws("redo", {}));
  const sights = [["before", "Before", "The frame as recorded, with outlines"], ["after", "After", "The same frame, masked by the engine"], ["split", "Split", "Before and after, with a divider"]]
    .map(([how, text, title]) => button(text, () => compare(how), {"data-how": how, title, "aria-pressed": String(how === "before")}));
  const state = h("span", {class: "wb-frame-state", role: "status"}), zoom = h("output", {class: "wb-frame-zoom"});
  const facts = h("dl", {class: "wb-frame-facts"}), mode = h("p", {class: "wb-frame-mode"});
  ui.add(h("h2", {}, "Frame and masks"),
    h("div", {class: "wb-row"}, wb.field("Camera", camera, "source"), draw, crop, undo, redo,
      h("div", {class: "wb-frame-sights", role: "group", "aria-label": "Before and after"}, sights),
      button("Fit", () => stage.fit()), button("1:1", () => stage.exact()), button("+", () => stage.zoom(1.25), {"aria-label": "Zoom picture in"}), button("−", () => stage.zoom(0.8), {"aria-label": "Zoom picture out"}), zoom),
    mode, stage.el, state, facts, h("h3", {}, "Masks"), ...tables.nodes,
    h("details", {}, h("summary", {}, "Keys"), h("p", {}, "On the picture: ← → frame, Shift second, K key frame, + − 0 1 zoom, Ctrl (or ⌘) with an arrow pans, D draw a mask, C crop, B before and after, S both with a divider, Escape back. " +
      "The wheel zooms while the picture has the focus, or with Ctrl (⌘); else the page scrolls. " +
      "While drawing: click or Space puts a corner, arrows move the pen by a pixel (Shift by ten), Backspace takes the last corner, Enter closes, Escape cancels. " +
      "On a corner: arrows move it by a pixel of the recording (Shift by ten), Delete removes it; on the small dots between corners Enter puts one in, and one can drag them. Ctrl Z and Ctrl Shift Z undo and redo what was drawn on this camera.")));
  ui.root.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y") || event.target.matches("input, textarea")) return;
    event.preventDefault(); draws(event.shiftKey || key === "y" ? "redo" : "undo", {});
  });
  stage.onMode((now) => {
    draw.setAttribute("aria-pressed", String(now === "draw")); crop.setAttribute("aria-pressed", String(now === "crop"));
    mode.textContent = {draw: "Drawing a mask: put corners, close with Enter or at the first one.", crop: "Crop: drag a rectangle, or Space at two corners.", look: ""}[now];
    if (now !== "look" && pictures.mode !== "before") compare("before");  // one draws on the frame as it is recorded
  });
  function compare(how) {
    if (how !== "before" && stage.mode !== "look") stage.setMode("look");
    pictures.setMode(how);
    goOn();
    for (const one of sights) one.setAttribute("aria-pressed", String(one.dataset.how === pictures.mode));
    show();
  }
  // A polygon that is open is drawn on, where one sees what one draws on.
  function goOn() { if (corners().length && stage.mode === "look" && pictures.mode === "before") stage.setMode("draw"); }
  const settled = wb.pause(() => pictures.fetch(), 120);
  function zoomed() { pictures.tell(); settled(); }
  // A picture that is late for longer than a blink is told; one that came is told at once.
  const telling = wb.pause(() => { state.textContent = pictures.state(); if (pictures.waiting()) facts.replaceChildren(); }, 400);
  pictures.onChange(() => {
    if (look() !== drawn) show();
    if (pictures.waiting()) telling(); else { state.textContent = pictures.state(); if (pictures.facts) tell(pictures.facts); }
    const exact = pictures.pixels();
    zoom.textContent = `${Math.round(stage.magnified * 100)} %${exact ? ` · ${exact}` : ""}`;
  });
  function tell(last) {
    const t = last.times, type = last.type === "?" ? "type not known" : last.type;
    const rows = [["PTS", last.pts === null ? "not told by the server" : `${last.pts} × ${last.base} s`], ["Recording", last.file || "on the server"], ["Picture", `${type}${last.key ? ", key frame" : ""}, ${last.of[0]} × ${last.of[1]} px`]];
    if (t.offset) rows.push(["Time", `${t.offset} s from the first picture (undated)`]);
    else rows.push(["Recorder's clock", wb.time(Number(t.device), {zone: ui.shown.zone, digits: 6})], ["Corrected", t.corrected || "clock not checked"], ["On the time line (UTC)", t.utc]);
    facts.replaceChildren(...rows.flatMap(([a, b]) => [h("dt", {}, a), h("dd", {"data-unchecked": String(b).startsWith("clock not checked") ? "1" : null}, b)]));
  }
  const look = () => `${pictures.at} ${stage.size}`;
  function show() {
    drawn = look();
    const s = ui.shown, at = pictures.at;  // outlines as they are on the picture that is seen
    const masks = (s.masks || []).map((mask, n) => ({...mask, points: pending.get(n) || wbShapes.shapeAt(mask, at), active: (mask.begin === null || at >= mask.begin) && (mask.end === null || at < mask.end)}));
    if (selected >= masks.length) selected = masks.length - 1;
    stage.show({masks, drawing: corners(), crop: s.crop, selected}, pictures.mode !== "before");
    tables.show({masks, selected, crop: s.crop}, stage.size);
    const crossing = masks.some((m) => wbShapes.selfCrossing(m.points)) || wbShapes.selfCrossing(corners(), true);
    ui.say(!s.source ? "Choose a camera to see its frames." : [`${nameOf(s.source)} at ${words(at)}.`, masks.length ? `${masks.length} mask${masks.length === 1 ? "" : "s"}.` : "",
      corners().length ? `Drawing: ${corners().length} corners.` : "", crossing ? "An outline crosses itself: everything it encloses is covered." : ""].filter(Boolean).join(" "));
  }
  let cameras = "", source = null;
  ui.draw((s) => {
    const now = JSON.stringify(s.sources);
    if (now !== cameras) { cameras = now; camera.replaceChildren(...(s.sources || []).map((one) => h("option", {value: one.id}, one.name))); }
    camera.value = s.source;
    if (source !== null && source !== s.source) { pending.clear(); open = null; selected = -1; facts.replaceChildren(); if (stage.mode !== "look") stage.setMode("look"); }
    source = s.source;
    [undo.disabled, redo.disabled] = (s.undo || [0, 0]).map((n) => !n);
    goOn();
    pictures.follow(); show(); pictures.tell(); pictures.fetch();
  });
});
