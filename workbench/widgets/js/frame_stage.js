// The stage: a picture, zoomed and panned, with crop and polygons over it. It knows pixels of the screen and coordinates
// of the picture; what is done on it is told by `on` = {points, insert, removeCorner, crop, select, add, close, undoPoint, cancel, step, say}.
function wbStage(ui, on) {
  const {h, svg} = wb;
  const img = h("img", {class: "wb-frame-image", alt: "", draggable: false});
  const back = svg("g"), shapes = svg("g"), handles = svg("g"), pen = svg("g");
  const layer = svg("svg", {class: "wb-frame-layer", role: "group", "aria-label": "What is drawn on the picture"}, back, shapes, pen, handles);
  const stage = h("div", {class: "wb-frame-stage", tabIndex: 0, role: "group", "aria-label": "Picture. Arrows step, plus and minus zoom, D draws a mask, C a crop, Escape leaves"}, img, layer);
  let size = [16, 9], scale = 1, origin = [0, 0], fitted = true, mode = "look", cross = [0.5, 0.5], drag = null, what = {masks: [], drawing: [], crop: null, selected: -1};
  const circles = new Map();
  const inner = () => [stage.clientWidth || 1, stage.clientHeight || 1];
  const toScreen = ([x, y]) => [origin[0] + x * size[0] * scale, origin[1] + y * size[1] * scale];
  const toPicture = ([px, py]) => [(px - origin[0]) / (size[0] * scale), (py - origin[1]) / (size[1] * scale)];
  const clamped = (p) => [wbShapes.clamp(p[0]), wbShapes.clamp(p[1])];
  const at = (event) => { const box = stage.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const px = (p) => `${Math.round(p[0] * size[0])}, ${Math.round(p[1] * size[1])} px`;

  function fit() { const [w, hgt] = inner(); scale = Math.min(w / size[0], hgt / size[1]); origin = [(w - size[0] * scale) / 2, (hgt - size[1] * scale) / 2]; fitted = true; paint(); }
  function zoom(by, around = inner().map((v) => v / 2)) {
    const fixed = toPicture(around); scale = Math.min(64, Math.max(0.02, scale * by)); fitted = false;
    origin = [around[0] - fixed[0] * size[0] * scale, around[1] - fixed[1] * size[1] * scale]; paint();
  }
  const pan = (dx, dy) => { origin = [origin[0] + dx, origin[1] + dy]; fitted = false; paint(); };
  function exact() { const middle = inner().map((v) => v / 2), p = toPicture(middle); scale = 1 / (window.devicePixelRatio || 1); origin = [middle[0] - p[0] * size[0] * scale, middle[1] - p[1] * size[1] * scale]; fitted = false; paint(); }

  const list = (points) => points.map((p) => toScreen(p).map((v) => v.toFixed(2)).join(",")).join(" ");
  function paint() {
    const [w, hgt] = inner();
    layer.setAttribute("viewBox", `0 0 ${w} ${hgt}`); layer.setAttribute("width", w); layer.setAttribute("height", hgt);
    Object.assign(img.style, {left: `${origin[0]}px`, top: `${origin[1]}px`, width: `${size[0] * scale}px`, height: `${size[1] * scale}px`, imageRendering: scale >= 2 ? "pixelated" : "auto"});
    paintCrop(); paintMasks(); paintPen(); paintHandles();
  }
  function paintCrop() {
    const crop = drag && drag.crop ? drag.crop : what.crop;
    if (!crop) { back.replaceChildren(); return; }
    const [[ax, ay], [bx, by]] = crop, whole = list([[0, 0], [1, 0], [1, 1], [0, 1]]), part = list([[ax, ay], [bx, ay], [bx, by], [ax, by]]);
    back.replaceChildren(svg("path", {class: "wb-frame-outside", d: `M${whole.split(" ").join("L")}Z M${part.split(" ").join("L")}Z`, "fill-rule": "evenodd"}),
      svg("polygon", {class: "wb-frame-crop", points: part}));
  }
  const shapeOf = (n) => (drag && drag.mask === n && drag.points ? drag.points : what.masks[n].points);
  function paintMasks() {
    while (shapes.children.length > what.masks.length) shapes.lastChild.remove();
    what.masks.forEach((mask, n) => {
      if (!shapes.children[n]) shapes.append(svg("polygon", {onpointerdown: (event) => grab(event, n)}));
      const el = shapes.children[n], points = shapeOf(n), bad = wbShapes.selfCrossing(points);
      el.setAttribute("points", list(points));
      el.setAttribute("class", `wb-frame-mask${n === what.selected ? " wb-frame-selected" : ""}${bad ? " wb-frame-crossing" : ""}${mask.inverted ? " wb-frame-inverted" : ""}${mask.active === false ? " wb-frame-idle" : ""}`);
      el.dataset.mask = n;
    });
  }
  function paintPen() {
    const points = what.drawing, nodes = [];
    if (points.length) {
      const tail = mode === "draw" ? [...points, cross] : points;
      nodes.push(svg("polyline", {class: `wb-frame-pen${wbShapes.selfCrossing(tail, true) ? " wb-frame-crossing" : ""}`, points: list(tail)}));
      points.forEach((p, n) => { const [x, y] = toScreen(p); nodes.push(svg("circle", {class: "wb-frame-dot", cx: x, cy: y, r: n === 0 && points.length > 2 ? 8 : 4, "data-first": n === 0 ? "1" : null})); });
    }
    if (mode === "draw" || mode === "crop") { const [x, y] = toScreen(cross); nodes.push(svg("path", {class: "wb-frame-cross", d: `M${x - 9},${y}H${x + 9}M${x},${y - 9}V${y + 9}`})); }
    pen.replaceChildren(...nodes);
  }
  // Corners keep their elements, so that focus survives a change.
  function paintHandles() {
    const wanted = new Map();
    const n = what.selected, selected = n >= 0 && n < what.masks.length && mode === "look";
    if (selected) {
      const points = shapeOf(n);
      points.forEach((p, v) => wanted.set(`m${n}.${v}`, {at: p, kind: "corner", v, words: `Mask ${n + 1}, corner ${v + 1} of ${points.length}: ${px(p)}`}));
      points.forEach((p, v) => wanted.set(`e${n}.${v}`, {at: wbShapes.middle(p, points[(v + 1) % points.length]), kind: "edge", v, words: `Mask ${n + 1}: put in a corner behind corner ${v + 1}`}));
    }
    const crop = drag && drag.crop ? drag.crop : what.crop;
    if (crop && mode === "look") [[0, 0], [1, 0], [1, 1], [0, 1]].forEach(([i, j], v) => wanted.set(`c${v}`, {at: [crop[i][0], crop[j][1]], kind: "crop", v, words: `Crop, ${["top left", "top right", "bottom right", "bottom left"][v]} corner: ${px([crop[i][0], crop[j][1]])}`}));
    for (const [key, el] of circles) {
      if (wanted.has(key)) continue;
      if (document.activeElement === el) stage.focus({preventScroll: true});  // keys shall not fall to the page
      el.remove(); circles.delete(key);
    }
    for (const [key, one] of wanted) {
      let el = circles.get(key);
      if (!el) {
        el = svg("circle", {tabindex: 0, role: "button", r: one.kind === "edge" ? 4 : 6, class: `wb-frame-${one.kind}`, onpointerdown: (event) => take(event, el), onkeydown: (event) => keyed(event, el)});
        circles.set(key, el); handles.append(el);
      }
      const [x, y] = toScreen(one.at);
      el.setAttribute("cx", x); el.setAttribute("cy", y); el.setAttribute("aria-label", one.words); el.place = one;
    }
  }

  // --- pointer ---
  function begin(event, state) { drag = {from: at(event), ...state}; try { stage.setPointerCapture(event.pointerId); } catch { /* gone already */ } event.preventDefault(); event.stopPropagation(); }
  function grab(event, n) {
    if (mode !== "look" || event.button) return;
    on.select(n); stage.focus({preventScroll: true});
    begin(event, {kind: "mask", mask: n, was: what.masks[n].points});
  }
  function take(event, el) {
    if (event.button) return;
    el.focus({preventScroll: true});
    const {kind, v} = el.place;
    if (kind === "edge") { event.preventDefault(); event.stopPropagation(); on.insert(what.selected, v, toPicture(at(event))); return; }
    begin(event, kind === "crop" ? {kind, v, was: what.crop} : {kind: "corner", v, mask: what.selected, was: what.masks[what.selected].points});
  }
  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    stage.focus({preventScroll: true});
    const p = clamped(toPicture(at(event)));
    if (mode === "draw") {
      event.preventDefault();
      const first = what.drawing[0], near = first && Math.hypot(...toScreen(first).map((v, n) => v - at(event)[n])) < 10;
      if (near && what.drawing.length > 2) on.close(); else on.add(p);
    } else begin(event, mode === "crop" ? {kind: "newcrop", a: p} : {kind: "pan", last: at(event)});
  });
  const moved = ([dx, dy], points) => points.map(([x, y]) => [x + dx, y + dy]);
  const keep = (delta, points) => [0, 1].map((axis) => Math.min(1 - Math.max(...points.map((p) => p[axis])), Math.max(-Math.min(...points.map((p) => p[axis])), delta[axis])));
  stage.addEventListener("pointermove", (event) => {
    const here = at(event), p = clamped(toPicture(here));
    if (mode !== "look") { cross = p; if (!drag) { paintPen(); return; } }
    if (!drag) return;
    const a = toPicture(drag.from), b = toPicture(here), delta = [b[0] - a[0], b[1] - a[1]];
    if (drag.kind === "pan") { pan(here[0] - drag.last[0], here[1] - drag.last[1]); drag.last = here; return; }
    if (Math.hypot(here[0] - drag.from[0], here[1] - drag.from[1]) < 2 && !drag.moved) return;
    drag.moved = true;
    if (drag.kind === "mask") drag.points = moved(keep(delta, drag.was), drag.was);
    if (drag.kind === "corner") drag.points = drag.was.map((one, v) => (v === drag.v ? clamped([one[0] + delta[0], one[1] + delta[1]]) : one));
    if (drag.kind === "crop") drag.crop = cropped(drag.was, drag.v, p);
    if (drag.kind === "newcrop") drag.crop = [drag.a, p];
    paint();
  });
  const cropped = ([[ax, ay], [bx, by]], v, [x, y]) => [[v === 0 || v === 3 ? x : ax, v < 2 ? y : ay], [v === 1 || v === 2 ? x : bx, v > 1 ? y : by]];
  const released = (event) => {
    if (!drag) return;
    const done = drag, over = () => { if (drag === done) { drag = null; paint(); } };
    if (event.type === "pointercancel" || !done.moved) return over();
    if (done.points) return on.points(done.mask, done.points).then(over, over);
    if (done.crop && done.crop[0][0] !== done.crop[1][0] && done.crop[0][1] !== done.crop[1][1]) return on.crop(done.crop).then(() => { over(); setMode("look"); }, over);
    return over();
  };
  stage.addEventListener("pointerup", released);
  stage.addEventListener("pointercancel", released);
  stage.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-Math.sign(event.deltaY) * Math.min(0.5, Math.abs(event.deltaY) / 300)), at(event)); }, {passive: false});

  // --- keys ---
  const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  const by = (event) => { const a = arrows[event.key], n = event.shiftKey ? 10 : 1; return a && [a[0] * n / size[0], a[1] * n / size[1]]; };
  function keyed(event, el) {
    const {kind, v} = el.place, delta = by(event);
    if (kind === "edge") { if (event.key === "Enter" || event.key === " ") { on.insert(what.selected, v, null); stop(event); } return; }
    if (delta && kind === "corner") { on.points(what.selected, shapeOf(what.selected).map((p, n) => (n === v ? clamped([p[0] + delta[0], p[1] + delta[1]]) : p))); stop(event); }
    else if (delta) { const p = [what.crop[v === 0 || v === 3 ? 0 : 1][0], what.crop[v < 2 ? 0 : 1][1]]; on.crop(cropped(what.crop, v, clamped([p[0] + delta[0], p[1] + delta[1]]))); stop(event); }
    else if (event.key === "Delete" && kind === "corner") { on.removeCorner(what.selected, v); stop(event); }
  }
  const stop = (event) => { event.preventDefault(); event.stopPropagation(); };
  stage.addEventListener("keydown", (event) => {
    const key = event.key, delta = by(event);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Escape") { if (mode === "draw" && what.drawing.length) on.cancel(); setMode("look"); }
    else if (mode !== "look" && delta) { cross = clamped([cross[0] + delta[0], cross[1] + delta[1]]); paintPen(); on.say(`Pen at ${px(cross)}.`); }
    else if (mode === "draw" && key === " ") on.add(cross);
    else if (mode === "draw" && key === "Enter") on.close();
    else if (mode === "draw" && key === "Backspace") on.undoPoint();
    else if (mode === "crop" && (key === " " || key === "Enter")) { if (drag && drag.pen) { const c = [drag.pen, cross]; drag = null; on.crop(c).then(() => setMode("look"), () => undefined); } else { drag = {pen: cross}; on.say("First corner set. Move to the other corner and press Space."); } }
    else if (mode === "look" && (key === "ArrowLeft" || key === "ArrowRight")) on.step(key === "ArrowLeft" ? -1 : 1, event.shiftKey ? "second" : "frame");
    else if (key.toLowerCase() === "k") on.step(event.shiftKey ? -1 : 1, "key");
    else if (key === "+" || key === "=") zoom(1.25);
    else if (key === "-") zoom(0.8);
    else if (key === "0") fit();
    else if (key === "1") exact();
    else if (key.toLowerCase() === "d") setMode("draw");
    else if (key.toLowerCase() === "c") setMode("crop");
    else if (key === "Delete" && what.selected >= 0) on.deleteMask(what.selected);
    else return;
    stop(event);
  });
  let told = () => undefined;
  function setMode(next) { mode = next; if (drag && drag.pen) drag = null; stage.dataset.mode = mode; told(mode); paint(); }

  const sized = new ResizeObserver(() => { if (fitted) fit(); else paint(); });
  sized.observe(stage);
  ui.cleanup(() => { sized.disconnect(); if (img.dataset.blob) URL.revokeObjectURL(img.dataset.blob); });
  return {
    el: stage, img, fit, zoom, exact, setMode,
    get mode() { return mode; },
    get size() { return size; },
    get percent() { return Math.round(scale * (window.devicePixelRatio || 1) * 100); },
    onMode(work) { told = work; },
    resize(w, hgt) { if (w !== size[0] || hgt !== size[1]) { size = [w, hgt]; fit(); } },
    show(next) { what = next; paint(); },
    focusCorner(n, v) { const el = circles.get(`m${n}.${v}`); if (el) el.focus(); },
  };
}
