// The stage: where the picture lies, zoomed and panned, with crop and polygons over it. It knows pixels of the screen and
// coordinates of the picture; what is done on it is told by `on` = {points, insert, removeCorner, crop, select, add, close,
// undoPoint, cancel, step, deleteMask, compare, zoomed, say}. Pictures are laid under it by `frame_pictures`.
function wbStage(ui, on) {
  const {h, svg} = wb;
  const pictures = h("div", {class: "wb-frame-pictures"});
  const back = svg("g"), shapes = svg("g"), handles = svg("g"), pen = svg("g");
  const layer = svg("svg", {class: "wb-frame-layer", role: "group", "aria-label": "What is drawn on the picture"}, back, shapes, pen, handles);
  const hint = h("div", {class: "wb-frame-hint", hidden: true}, "Ctrl (or ⌘) with the wheel zooms; the wheel alone once the picture was clicked.");
  const stage = h("div", {class: "wb-frame-stage", tabIndex: 0, role: "group",
    "aria-label": "Picture. Arrows step, plus and minus zoom, D draws a mask, C a crop, B before and after, Escape leaves"}, pictures, layer, hint);
  let size = [16, 9], known = false, scale = 1, origin = [0, 0], fitted = true, mode = "look", cross = [0.5, 0.5], drag = null, bare = false;
  let what = {masks: [], drawing: [], crop: null, selected: -1}, told = () => undefined, placed = () => undefined;
  const dpr = () => window.devicePixelRatio || 1;
  const inner = () => [stage.clientWidth || 1, stage.clientHeight || 1];
  const toScreen = ([x, y]) => [origin[0] + x * size[0] * scale, origin[1] + y * size[1] * scale];
  const toPicture = ([px, py]) => [(px - origin[0]) / (size[0] * scale), (py - origin[1]) / (size[1] * scale)];
  const clamped = (p) => [wbShapes.clamp(p[0]), wbShapes.clamp(p[1])];
  const at = (event) => { const box = stage.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const px = (p) => `${Math.round(p[0] * size[0])}, ${Math.round(p[1] * size[1])} px`;
  const middle = () => inner().map((v) => v / 2);
  const circles = wbHandles(handles, {toScreen, px, take, keyed, lost: () => stage.focus({preventScroll: true})});

  // --- zoom and pan ---
  function fit() { const [w, hgt] = inner(); scale = Math.min(w / size[0], hgt / size[1]); origin = [(w - size[0] * scale) / 2, (hgt - size[1] * scale) / 2]; fitted = true; paint(); on.zoomed(); }
  // Put the place of the picture that lies at `around` there again after a change of scale.
  function scaled(to, around) {
    const fixed = toPicture(around);
    scale = Math.min(64, Math.max(0.02, to)); fitted = false;
    lay([around[0] - fixed[0] * size[0] * scale, around[1] - fixed[1] * size[1] * scale]);
  }
  // A corner of the picture stays in sight, and from 1:1 on its pixels lie on those of the screen.
  function lay(to) {
    const seen = inner(), whole = size.map((v) => v * scale), least = 40;
    origin = to.map((v, n) => Math.min(seen[n] - least, Math.max(least - whole[n], v)));
    if (scale * dpr() >= 1) origin = origin.map((v) => Math.round(v * dpr()) / dpr());
    fitted = false; paint(); on.zoomed();
  }
  const zoom = (by, around = middle()) => scaled(scale * by, around);
  const exact = () => scaled(1 / dpr(), middle());
  const pan = (dx, dy) => lay([origin[0] + dx, origin[1] + dy]);
  // The part that is seen, in pixels of the picture; null where nothing is.
  function visible() {
    const [a, b] = [toPicture([0, 0]), toPicture(inner())].map(clamped);
    const box = [Math.floor(a[0] * size[0]), Math.floor(a[1] * size[1]), Math.ceil(b[0] * size[0]), Math.ceil(b[1] * size[1])];
    return box[2] > box[0] && box[3] > box[1] ? box : null;
  }

  // --- painting ---
  const list = (points) => points.map((p) => toScreen(p).map((v) => v.toFixed(2)).join(",")).join(" ");
  const cropNow = () => (drag && drag.crop ? drag.crop : what.crop);
  const shapeOf = (n) => (drag && drag.mask === n && drag.points ? drag.points : what.masks[n].points);
  function paint() {
    const [w, hgt] = inner();
    layer.setAttribute("viewBox", `0 0 ${w} ${hgt}`); layer.setAttribute("width", w); layer.setAttribute("height", hgt);
    placed();
    paintCrop(); paintMasks(); paintPen();
    const n = what.selected, chosen = n >= 0 && n < what.masks.length && mode === "look" && !bare;
    circles.paint({points: chosen ? shapeOf(n) : null, n, crop: mode === "look" && !bare ? cropNow() : null});
  }
  function paintCrop() {
    const crop = cropNow();
    if (!crop) { back.replaceChildren(); return; }
    const [[ax, ay], [bx, by]] = crop, whole = list([[0, 0], [1, 0], [1, 1], [0, 1]]), part = list([[ax, ay], [bx, ay], [bx, by], [ax, by]]);
    back.replaceChildren(svg("path", {class: "wb-frame-outside", d: `M${whole.split(" ").join("L")}Z M${part.split(" ").join("L")}Z`, "fill-rule": "evenodd"}),
      svg("polygon", {class: "wb-frame-crop", points: part}));
  }
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
    if (drag && drag.pen) { const [x, y] = toScreen(drag.pen); nodes.push(svg("circle", {class: "wb-frame-dot", cx: x, cy: y, r: 5})); }
    pen.replaceChildren(...nodes);
  }

  // --- pointer ---
  function begin(event, state) { drag = {from: at(event), ...state}; try { stage.setPointerCapture(event.pointerId); } catch { /* gone already */ } event.preventDefault(); event.stopPropagation(); }
  function grab(event, n) {
    if (mode !== "look" || event.button || bare) return;
    on.select(n); stage.focus({preventScroll: true});
    begin(event, {kind: "mask", mask: n, was: what.masks[n].points});
  }
  function take(event, el) {
    if (event.button) return;
    el.focus({preventScroll: true});
    const {kind, v} = el.place, mask = what.selected;
    if (kind === "crop") { begin(event, {kind, v, was: what.crop}); return; }
    const was = what.masks[mask].points;
    if (kind === "corner") { begin(event, {kind, v, mask, was}); return; }
    const more = [...was.slice(0, v + 1), el.place.at, ...was.slice(v + 1)];  // an edge's dot becomes a corner, to be drawn on
    begin(event, {kind, v: v + 1, mask, was: more, points: more}); paint();
  }
  stage.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest(".wb-frame-divider")) return;
    stage.focus({preventScroll: true});
    const p = clamped(toPicture(at(event)));
    if (mode === "draw") {
      event.preventDefault();
      const first = what.drawing[0], near = first && Math.hypot(...toScreen(first).map((v, n) => v - at(event)[n])) < 10;
      if (near && what.drawing.length > 2) on.close(); else on.add(p);
    } else begin(event, mode === "crop" ? {kind: "newcrop", a: p} : {kind: "pan", was: origin});
  });
  const moved = ([dx, dy], points) => points.map(([x, y]) => [x + dx, y + dy]);
  const keep = (delta, points) => [0, 1].map((axis) => Math.min(1 - Math.max(...points.map((p) => p[axis])), Math.max(-Math.min(...points.map((p) => p[axis])), delta[axis])));
  stage.addEventListener("pointermove", (event) => {
    const here = at(event), p = clamped(toPicture(here));
    if (mode !== "look") { cross = p; if (!drag || drag.pen) { paintPen(); return; } }
    if (!drag || drag.sent || drag.pen) return;
    const a = toPicture(drag.from), b = toPicture(here), delta = [b[0] - a[0], b[1] - a[1]];
    if (drag.kind === "pan") { lay(drag.was.map((v, n) => v + here[n] - drag.from[n])); return; }
    if (Math.hypot(here[0] - drag.from[0], here[1] - drag.from[1]) < 2 && !drag.moved) return;
    drag.moved = true;
    if (drag.kind === "mask") drag.points = moved(keep(delta, drag.was), drag.was);
    if (drag.kind === "corner" || drag.kind === "edge") drag.points = drag.was.map((one, v) => (v === drag.v ? clamped([one[0] + delta[0], one[1] + delta[1]]) : one));
    if (drag.kind === "crop") drag.crop = cropped(drag.was, drag.v, p);
    if (drag.kind === "newcrop") drag.crop = [drag.a, p];
    paint();
  });
  const cropped = ([[ax, ay], [bx, by]], v, [x, y]) => [[v === 0 || v === 3 ? x : ax, v < 2 ? y : ay], [v === 1 || v === 2 ? x : bx, v > 1 ? y : by]];
  const released = (event) => {
    if (!drag || drag.sent || drag.pen) return;
    const done = drag, over = () => { if (drag === done) { drag = null; paint(); } };
    done.sent = true;  // what was drawn stays in sight until the kernel has answered
    if (event.type === "pointercancel" || (!done.moved && done.kind !== "edge")) over();
    else if (done.kind === "edge") on.insert(done.mask, done.v - 1, done.moved ? done.points[done.v] : null).then(over, over).then(() => circles.focus(done.mask, done.v));
    else if (done.points) on.points(done.mask, done.points).then(over, over);
    else if (done.crop && done.crop[0][0] !== done.crop[1][0] && done.crop[0][1] !== done.crop[1][1]) on.crop(done.crop).then(() => { over(); setMode("look"); }, over);
    else over();
  };
  stage.addEventListener("pointerup", released);
  stage.addEventListener("pointercancel", released);
  const unhint = wb.pause(() => { hint.hidden = true; }, 1500);
  stage.addEventListener("wheel", (event) => {
    if (!(event.ctrlKey || event.metaKey || stage.contains(document.activeElement))) { hint.hidden = false; unhint(); return; }  // the page scrolls
    event.preventDefault();
    zoom(Math.exp(-Math.sign(event.deltaY) * Math.min(0.5, Math.abs(event.deltaY) / 300)), at(event));
  }, {passive: false});

  // --- keys ---
  const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  const by = (event) => { const a = arrows[event.key], n = event.shiftKey ? 10 : 1; return a && [a[0] * n / size[0], a[1] * n / size[1]]; };
  const stop = (event) => { event.preventDefault(); event.stopPropagation(); };
  function keyed(event, el) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const {kind, v} = el.place, delta = by(event), shifted = (p) => clamped([p[0] + delta[0], p[1] + delta[1]]);
    if (kind === "edge" && (event.key === "Enter" || event.key === " ")) on.insert(what.selected, v, null);
    else if (kind === "corner" && delta) on.points(what.selected, shapeOf(what.selected).map((p, n) => (n === v ? shifted(p) : p)));
    else if (kind === "crop" && delta) on.crop(cropped(what.crop, v, shifted(el.place.at)));
    else if (kind === "corner" && event.key === "Delete") on.removeCorner(what.selected, v);
    else return;
    stop(event);
  }
  function cropByKeys() {
    if (!drag || !drag.pen) { drag = {pen: cross}; paintPen(); on.say("First corner set. Move to the other corner and press Space."); return; }
    const area = [drag.pen, cross];
    drag = null; on.crop(area).then(() => setMode("look"), () => undefined);
  }
  // Arrows and Delete on a handle or on the divider are theirs, whether or not they mean something there.
  function pressed(event) {
    const key = event.key, low = key.toLowerCase(), delta = by(event), back = event.shiftKey, own = event.target === stage;
    if (key === "Escape") { if (mode === "draw" && what.drawing.length) on.cancel(); drag = null; setMode("look"); }
    else if (mode !== "look" && delta) { cross = clamped([cross[0] + delta[0], cross[1] + delta[1]]); paintPen(); on.say(`Pen at ${px(cross)}.`); }
    else if (mode === "draw" && key === " ") on.add(cross);
    else if (mode === "draw" && key === "Enter") on.close();
    else if (mode === "draw" && key === "Backspace") on.undoPoint();
    else if (mode === "crop" && (key === " " || key === "Enter")) cropByKeys();
    else if (own && mode === "look" && (key === "ArrowLeft" || key === "ArrowRight")) on.step(key === "ArrowLeft" ? -1 : 1, back ? "second" : "frame");
    else if (low === "k") on.step(back ? -1 : 1, "key");
    else if (key === "+" || key === "=") zoom(1.25);
    else if (key === "-") zoom(0.8);
    else if (key === "0") fit();
    else if (key === "1") exact();
    else if (low === "d" || low === "c") setMode(low === "d" ? "draw" : "crop");
    else if (low === "b" || low === "s") on.compare(low === "b" ? "next" : "split");
    else if (own && key === "Delete" && what.selected >= 0 && !bare) on.deleteMask(what.selected);
    else return false;
    return true;
  }
  stage.addEventListener("keydown", (event) => {
    const arrow = arrows[event.key];
    if (event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && arrow) pan(...inner().map((v, n) => -arrow[n] * v / 8));
    else if (event.ctrlKey || event.metaKey || !pressed(event)) return;
    stop(event);
  });
  function setMode(next) { mode = next; if (drag && drag.pen) drag = null; stage.dataset.mode = mode; told(mode); paint(); }

  const sized = new ResizeObserver(() => { if (fitted) fit(); else { paint(); on.zoomed(); } });
  sized.observe(stage);
  ui.cleanup(() => sized.disconnect());
  return {
    el: stage, pictures, layer, fit, zoom, exact, pan, setMode, visible, inner, toScreen,
    get mode() { return mode; }, get size() { return size; }, get known() { return known; },
    // Pixels of the screen for one of the picture.
    get magnified() { return scale * dpr(); },
    onMode(work) { told = work; }, onPlaced(work) { placed = work; },
    // The size of the whole picture in pixels.
    resize(w, hgt) { if (!known || w !== size[0] || hgt !== size[1]) { known = true; size = [w, hgt]; fit(); } },
    // `hidden` takes the handles away: nothing is drawn on what is shown now.
    show(next, hidden) { what = next; bare = hidden; paint(); },
    focusCorner: (n, v) => circles.focus(n, v),
  };
}
