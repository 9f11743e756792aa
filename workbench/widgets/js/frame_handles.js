// The handles of the crop and of the selected mask: one focusable circle each, kept as long as it is wanted, so that
// focus stays. `how` = {toScreen, px, take(event, circle), keyed(event, circle), lost()}; `circle.place` says which it is.
function wbHandles(group, how) {
  const {svg} = wb;
  const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]], NAMES = ["top left", "top right", "bottom right", "bottom left"];
  const circles = new Map();

  // What there should be: key → {at, kind, v, words}. `points` are the selected mask's, null for none.
  function wanted({points, n, crop}) {
    const found = new Map();
    (points || []).forEach((p, v) => {
      const middle = wbShapes.middle(p, points[(v + 1) % points.length]);
      found.set(`m${n}.${v}`, {at: p, kind: "corner", v, words: `Mask ${n + 1}, corner ${v + 1} of ${points.length}: ${how.px(p)}`});
      found.set(`e${n}.${v}`, {at: middle, kind: "edge", v, words: `Mask ${n + 1}: put in a corner behind corner ${v + 1}`});
    });
    if (crop) CORNERS.forEach(([i, j], v) => {
      const at = [crop[i][0], crop[j][1]];
      found.set(`c${v}`, {at, kind: "crop", v, words: `Crop, ${NAMES[v]} corner: ${how.px(at)}`});
    });
    return found;
  }
  function made(key, kind) {
    const el = svg("circle", {tabindex: 0, role: "button", r: kind === "edge" ? 4 : 6, class: `wb-frame-${kind}`,
      onpointerdown: (event) => how.take(event, el), onkeydown: (event) => how.keyed(event, el)});
    circles.set(key, el); group.append(el);
    return el;
  }
  function paint(what) {
    const there = wanted(what);
    for (const [key, el] of circles) {
      if (there.has(key)) continue;
      if (document.activeElement === el) how.lost();  // keys shall not fall to the page
      el.remove(); circles.delete(key);
    }
    for (const [key, one] of there) {
      const el = circles.get(key) || made(key, one.kind), [x, y] = how.toScreen(one.at);
      el.setAttribute("cx", x); el.setAttribute("cy", y); el.setAttribute("aria-label", one.words); el.place = one;
    }
  }
  return {paint, focus(n, v) { const el = circles.get(`m${n}.${v}`); if (el) el.focus({preventScroll: true}); }};
}
