// Pointer, wheel and keys over the timeline. `line` is the view's own: view, width, us(px), x(us), pan, zoom, …
function wbTimelineHand(ui, stage, line) {
  const SNAP = 6;
  let drag = null;
  // Pixels of the canvas, which begins behind the stage's border.
  const px = (event) => event.clientX - stage.getBoundingClientRect().left - stage.clientLeft;
  const py = (event) => event.clientY - stage.getBoundingClientRect().top - stage.clientTop;
  const quiet = (asked) => asked.catch(() => undefined);

  // The page scrolls under a plain wheel; Ctrl, ⌘ and pinching zoom, a sideways wheel pans.
  stage.addEventListener("wheel", (event) => {
    if (!line.view()) return;
    const sideways = event.shiftKey ? event.deltaX || event.deltaY : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    if (event.ctrlKey || event.metaKey) line.zoom(Math.exp(Math.sign(event.deltaY) * Math.min(1, Math.abs(event.deltaY) / 240)), px(event));
    else if (sideways) line.pan(sideways);
    else return;
    event.preventDefault();
  }, {passive: false});

  // The place under a handle, or what lies within a few pixels of it: a picture, a border of what is recorded, a point.
  function snapped(at, point, free) {
    if (free) return at;
    const near = line.places(point).filter((one) => Math.abs(line.x(one) - line.x(at)) <= SNAP);
    return near.length ? near.reduce((a, b) => (Math.abs(b - at) < Math.abs(a - at) ? b : a)) : at;
  }
  stage.addEventListener("pointerdown", (event) => {
    if (!line.view() || event.button || event.target.closest(".wb-timeline-mark")) return;
    const point = event.target.dataset && event.target.dataset.point, kind = point || (py(event) < wbTimeline.RULER ? "pan" : "range");
    drag = {from: px(event), last: px(event), kind, shown: {...(drag ? drag.shown : ui.shown)}, moved: false, sent: false};
    try { stage.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone already */ }
    (point ? event.target : stage).focus({preventScroll: true});
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag || drag.sent) return;
    const now = px(event);
    if (Math.abs(now - drag.from) > 3) drag.moved = true;
    if (!drag.moved) return;
    if (drag.kind === "pan") { line.pan(drag.last - now); drag.last = now; return; }
    if (drag.kind === "range") { const [a, b] = [line.us(drag.from), line.us(now)].sort((m, n) => m - n); Object.assign(drag.shown, {begin: a, end: b}); }
    else drag.shown[drag.kind] = snapped(line.us(now), drag.kind, event.altKey);
    line.frame();
  });
  const released = (event) => {
    if (!drag || drag.sent) return;
    const done = drag, keep = drag.shown, over = () => { if (drag === done) { drag = null; line.frame(); } };
    done.sent = true;  // what was dragged stays in sight until the kernel has answered
    if (event.type === "pointercancel" || (!done.moved && done.kind !== "range" && done.kind !== "pan")) over();
    else if (!done.moved) { over(); quiet(line.move("seek", {at: line.us(done.from)})); }
    else if (done.kind === "pan") over();
    else (done.kind === "at" ? line.move("seek", {at: keep.at}) : line.move("range", {begin: keep.begin, end: keep.end})).then(over, over);
  };
  stage.addEventListener("pointerup", released);
  stage.addEventListener("pointercancel", released);

  function ends(key) {
    const e = line.lane();
    if (e && e.first !== null) quiet(line.move("seek", {at: key === "Home" ? e.first : e.last}));
  }
  function letter(key, back) {
    if (key === "i" || key === "o") line.move("mark", {which: key === "i" ? "begin" : "end"});
    else if (key === "I") line.move("range", {begin: null, end: ui.shown.end});
    else if (key === "O") line.move("range", {begin: ui.shown.begin, end: null});
    else if (key.toLowerCase() === "g") line.step(back ? -1 : 1, "gap");
    else if (key.toLowerCase() === "k") line.step(back ? -1 : 1, "key");
    else return false;
    return true;
  }
  stage.addEventListener("keydown", (event) => {
    const key = event.key, back = event.shiftKey, on = event.target.dataset && event.target.dataset.point;
    const arrow = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
    if (event.altKey || event.metaKey || (event.ctrlKey && !arrow)) return;
    if (arrow && event.ctrlKey) line.pan(arrow * line.width() / 5);
    else if (arrow && (on === "begin" || on === "end")) line.nudge(on, arrow, back ? "second" : "frame");
    else if (arrow) line.step(arrow, back ? "second" : "frame");
    else if (key === "Home" || key === "End") ends(key);
    else if (key === "+" || key === "=") line.zoom(0.5);
    else if (key === "-") line.zoom(2);
    else if (!letter(key, back)) return;
    event.preventDefault();
  });
  // What a drag shows before the kernel knows of it; null where nothing is dragged.
  return {dragged: () => drag && drag.shown, busy: () => Boolean(drag)};
}
