// The pictures under the stage: before (as recorded), after (the engine's masked picture of the same frame), or both with
// a divider between. Each is shown for the cursor and the masks that it was made for, and for no other: what comes late is
// dropped, what no longer holds is dimmed or taken away after a blink (frame.css). From 1:1 on the seen part comes again
// without any loss.
function wbPictures(ui, stage, {nameOf, words}) {
  const {h} = wb, PATIENCE = 2000;
  const side = (name, verb, fineVerb) => {
    const img = h("img", {class: name === "before" ? "wb-frame-image" : "wb-frame-image-after", alt: "", draggable: false});
    const fine = h("img", {class: "wb-frame-fine", alt: "", draggable: false, hidden: true});
    const tag = h("span", {class: "wb-frame-tag"}), crop = h("div", {class: "wb-frame-uncropped"}, img, fine);
    const el = h("div", {class: "wb-frame-side", "data-side": name}, crop, tag);
    return {name, verb, fineVerb, el, img, fine, tag, crop, key: "", have: null, coming: null, fault: "", fineKey: "", fineHave: null, fineFault: ""};
  };
  const before = side("before", "frame", "pixels"), after = side("after", "masked", "masked_pixels"), sides = [before, after];
  const divider = h("div", {class: "wb-frame-divider", tabIndex: 0, role: "slider", "aria-label": "Divider between before and after", "aria-valuemin": 0, "aria-valuemax": 100, hidden: true});
  stage.pictures.append(before.el, after.el); stage.el.append(divider);
  const front = wb.unique("front");
  let mode = "before", split = 50, changed = () => undefined, wish = "", granted = "", faulted = false, gone = false;

  // --- what holds ---
  const fits = (one, made) => Boolean(made) && made.source === ui.shown.source && made.asked === ui.shown.at && (one === before || made.version === ui.shown.version);
  const valid = (one) => fits(one, one.have);
  const wanted = () => (mode === "split" ? sides : mode === "after" ? [after] : [before]);
  const late = () => wanted().some((one) => !valid(one));
  // A step's picture is seen before the kernel's cursor is there; nothing is changed on it meanwhile.
  const seen = (one) => (near.ahead && one === before ? one.have === near.ahead : valid(one));
  const waiting = () => wanted().some((one) => !seen(one));
  // Pixels across that the screen can show of the picture, in steps; 0 for all that it has.
  function width() {
    if (!stage.known) return Math.ceil(stage.inner()[0] * (window.devicePixelRatio || 1));
    const need = Math.ceil(stage.size[0] * stage.magnified / 160) * 160;
    return need >= stage.size[0] ? 0 : need;
  }
  const wide = (have) => have.width >= (width() || have.of[0]);

  // --- asking ---
  // What is wished comes unasked when cursor or masks change; what is wanted otherwise (another size or side) is asked for.
  function fetch() {
    const s = ui.shown, want = width();
    if (!s.source || s.at === null || !stage.el.clientWidth || near.ahead) return;
    const comes = wishes(want);
    for (const one of wanted()) {
      if (valid(one) && wide(one.have)) continue;
      const what = JSON.stringify([s.source, s.at, one === after ? s.version : 0]), key = `${what} ${want}`;
      if (key === one.key) continue;
      const another = what !== one.what;
      Object.assign(one, {key, what, fault: ""});
      if (comes && another) expect(one, key); else ask(one, key, want);
    }
    fetchFine();
  }
  // No value: another place where the view is shown asked meanwhile and was answered; what it got may do here, or not.
  const ask = (one, key, want) => ui.ask(one.verb, {source: ui.shown.source, at: ui.shown.at, width: want})
    .then((value) => { if (value === undefined) expect(one, key); }, (error) => { if (one.key === key) { one.fault = error.what; tell(); } });
  // Tell the kernel what is shown; true where it knows already.
  function wishes(want) {
    const now = {front, frame: wanted().includes(before) ? want : null, masked: wanted().includes(after) ? want : null}, words = JSON.stringify(now);
    if (words !== wish) { wish = words; ui.ask("wish", now, {quiet: true}).then(() => { granted = words; }, () => undefined); }
    return granted === words;
  }
  function expect(one, key) {
    clearTimeout(one.timer);
    one.timer = setTimeout(() => { if (one.key === key && !(valid(one) && wide(one.have)) && !one.fault && wanted().includes(one)) ask(one, key, width()); }, PATIENCE);
  }
  const fetchFine = wb.pause(() => {
    const s = ui.shown, area = stage.visible();
    if (stage.magnified < 1 || !area) return;
    for (const one of wanted()) {
      if (!valid(one) || covers(one, area) || one.fineUnder) continue;
      const margin = 48, of = stage.size, asked = [...[0, 1].map((n) => Math.max(0, area[n] - margin)), ...[2, 3].map((n) => Math.min(of[n - 2], area[n] + margin))];
      const key = JSON.stringify([s.source, s.at, one === after ? s.version : 0, asked]);
      if (key === one.fineKey) continue;
      Object.assign(one, {fineKey: key, fineFault: "", fineUnder: true});  // one at a time for each place; the newest follows
      ui.ask(one.fineVerb, {source: s.source, at: s.at, area: asked, of}, {quiet: true})
        .finally(() => { one.fineUnder = false; fetchFine(); }).catch((error) => { if (one.fineKey === key) { one.fineFault = error.what; tell(); } });
    }
  }, 180);
  const around = (outer, area) => [0, 1].every((n) => outer[n] <= area[n]) && [2, 3].every((n) => outer[n] >= area[n]);
  const covers = (one, area) => fits(one, one.fineHave) && around(one.fineHave.area, area);
  const isExact = () => { const area = stage.visible(); return stage.magnified >= 1 && !near.ahead && Boolean(area) && wanted().every((one) => covers(one, area)); };

  // --- taking ---
  ui.on("fault", (what) => { const one = what.of === "frame" ? before : after; if (fits(one, what) && !valid(one)) { one.fault = what.what; tell(); } });
  for (const one of sides) {
    ui.on(one.verb, (what, buffers) => {
      if (!fits(one, what) || (near.ahead && one === before) || (valid(one) && (one.have.width > what.width || (one.have.by && one.have.width === what.width)))) return;
      one.coming = what;
      wb.picture(one.img, buffers[0]).then(() => {
        if (one.coming !== what) return;
        one.have = what; stage.resize(...what.of); tell(); fetch();
      });
    });
    ui.on(one.fineVerb, (what, buffers) => {
      const area = stage.visible();  // another place of this view may have asked for another part
      if (!fits(one, what) || (area && covers(one, area) && !around(what.area, area))) return;
      one.fineComing = what;
      const img = h("img", {alt: "", draggable: false, decoding: "sync"});
      wb.picture(img, buffers[0], "image/png").then(() => {
        if (one.fineComing !== what || gone) { URL.revokeObjectURL(img.dataset.blob); return; }
        swap(one.fine, img);
        Object.assign(one, {fine: img, fineHave: what}); tell();
      });
    });
  }
  // Put a decoded picture where another is: a new `src` would lie in the former one's place for a moment.
  function swap(old, img) {
    img.className = old.className; img.style.cssText = old.style.cssText; img.hidden = old.hidden;
    old.replaceWith(img);
    if (old.dataset.blob) URL.revokeObjectURL(old.dataset.blob);
  }
  function lay(what, img) {
    swap(before.img, img);
    Object.assign(before, {img, have: what, coming: what, key: "", what: "", fault: ""});
    stage.resize(...what.of); tell();
  }
  // The truth again: its picture is asked for, since it came already or may have been dropped.
  function back() {
    Object.assign(before, {key: "", what: JSON.stringify([ui.shown.source, ui.shown.at, 0])});
    tell(); fetch();
  }
  const near = wbNear(ui, stage, {wide, lay, back});
  // After each change of the kernel's truth, of the mode, or of what was sent.
  function tell() {
    const s = ui.shown, good = !waiting(), have = wanted().map((one) => one.have).find(Boolean);
    for (const one of sides) {
      const made = one.have;
      one.el.hidden = !wanted().includes(one);
      one.el.toggleAttribute("data-late", !seen(one));
      one.el.toggleAttribute("data-other", !made || made.source !== s.source);
      one.fine.hidden = !(fits(one, one.fineHave) && valid(one) && stage.magnified >= 1);
      one.img.alt = made ? `${nameOf(made.source)} at ${words(made.at)}${one === after ? ", masked by the engine" : ""}` : "";
      one.tag.hidden = mode === "before";
      one.tag.textContent = tagged(one);
    }
    if (good && have) { stage.el.dataset.shown = have.at; stage.el.dataset.masked = String(mode !== "before"); }
    else { delete stage.el.dataset.shown; delete stage.el.dataset.masked; }
    stage.el.dataset.pixels = isExact() ? "exact" : "viewing";
    divider.hidden = mode !== "split";
    if (good && faulted) ui.clear();  // what was wrong with a former picture is over
    faulted = !good && (faulted || wanted().some((one) => one.fault));
    place();
    changed();
  }
  const which = (have) => (have.pts === null ? `at ${words(have.at)}` : `PTS ${have.pts}`);
  function tagged(one) {
    if (!valid(one)) return `${one === after ? "After" : "Before"}: ${one.fault ? `cannot be shown. ${one.fault}` : "being made"}`;
    if (one === before) return `Before: as recorded, ${which(one.have)}`;
    const masks = (ui.shown.masks || []).length;
    return `After: ${masks ? "masks laid on by the engine" : "no mask is drawn, nothing is covered"}, ${which(one.have)}${ui.shown.crop ? "; only the crop is exported" : ""}`;
  }
  // For the status line: what is seen, where that is not simply the frame at the cursor.
  function state() {
    const s = ui.shown, wrong = wanted().find((one) => !seen(one));
    if (!s.source || s.at === null) return "";
    if (wrong) return wrong.fault ? `No picture can be shown for ${words(s.at)}.` : `Waiting for the picture at ${words(s.at)}.`;
    return mode === "before" ? "" : wanted().map(tagged).join(" · ");
  }
  function pixels() {
    if (stage.magnified < 1) return "";
    const fault = wanted().map((one) => one.fineFault).find(Boolean);
    return isExact() ? "exact pixels" : fault ? "JPEG for viewing only" : "JPEG, exact pixels follow";
  }

  // --- placing ---
  const box = ([ax, ay], [bx, by]) => ({left: `${ax}px`, top: `${ay}px`, width: `${bx - ax}px`, height: `${by - ay}px`});
  function place() {
    const whole = box(stage.toScreen([0, 0]), stage.toScreen([1, 1])), [w] = stage.inner(), x = w * split / 100;
    for (const one of sides) {
      Object.assign(one.img.style, whole, {imageRendering: stage.magnified >= 1 ? "pixelated" : "auto"});
      if (one.fineHave) { const a = one.fineHave.area, of = stage.size; Object.assign(one.fine.style, box(stage.toScreen([a[0] / of[0], a[1] / of[1]]), stage.toScreen([a[2] / of[0], a[3] / of[1]])), {imageRendering: "pixelated"}); }
    }
    const left = mode === "split" ? `inset(0 ${w - x}px 0 0)` : "";
    before.el.style.clipPath = left; stage.layer.style.clipPath = left;
    after.el.style.clipPath = mode === "split" ? `inset(0 0 0 ${x}px)` : "";
    stage.layer.style.visibility = mode === "after" ? "hidden" : "";
    const crop = ui.shown.crop, corners = crop && [stage.toScreen(crop[0]), stage.toScreen(crop[1])];
    after.crop.style.clipPath = crop ? `polygon(${[[0, 0], [1, 0], [1, 1], [0, 1]].map(([i, j]) => `${corners[i][0]}px ${corners[j][1]}px`).join(",")})` : "";
    divider.style.left = `${x}px`; divider.setAttribute("aria-valuenow", Math.round(split)); divider.setAttribute("aria-valuetext", `before up to ${Math.round(split)} percent, after behind`);
  }
  const divide = (to) => { split = Math.min(100, Math.max(0, to)); place(); };
  divider.addEventListener("keydown", (event) => {
    const step = {ArrowLeft: -2, ArrowRight: 2, ArrowDown: -2, ArrowUp: 2}[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !(step || event.key === "Home" || event.key === "End")) return;
    divide(event.key === "Home" ? 0 : event.key === "End" ? 100 : split + step * (event.shiftKey ? 5 : 1));
    event.preventDefault(); event.stopPropagation();
  });
  divider.addEventListener("pointerdown", (event) => { divider.setPointerCapture(event.pointerId); divider.focus({preventScroll: true}); event.preventDefault(); event.stopPropagation(); });
  divider.addEventListener("pointermove", (event) => { if (!divider.hasPointerCapture(event.pointerId)) return; const at = stage.el.getBoundingClientRect(); divide((event.clientX - at.left) / at.width * 100); });

  stage.onPlaced(place);
  ui.cleanup(() => {
    gone = true;
    for (const one of sides) for (const img of [one.img, one.fine]) if (img.dataset.blob) URL.revokeObjectURL(img.dataset.blob);
    for (const one of sides) clearTimeout(one.timer);
    ui.ask("wish", {front}, {quiet: true}).catch(() => undefined);  // nothing is shown here any more
  });
  return {
    fetch, tell, state, pixels, late, waiting, onChange(work) { changed = work; },
    get mode() { return mode; },
    // The instant that is shown: the cursor, or where a step leads that the kernel has not answered yet.
    get at() { return near.ahead ? near.ahead.asked : ui.shown.at; },
    follow: () => near.follow(),
    step: (by, unit) => near.step(by, unit, mode === "before" && Math.abs(by) === 1),
    // `before`, `after`, `split`, or `next`: from before to after and back.
    setMode(next) { mode = next === "next" ? (mode === "after" ? "before" : "after") : next === mode && next === "split" ? "before" : next; if (mode !== "before") near.forget(); tell(); fetch(); },
    get facts() { const one = wanted().find(seen); return one ? one.have : null; },
  };
}
