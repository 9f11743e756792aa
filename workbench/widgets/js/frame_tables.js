// The twin of the stage in forms: each mask with its settings, each corner as numbers, the crop as numbers.
function wbTables(ui, on) {
  const {h} = wb;
  const masks = h("div", {class: "wb-frame-masks"}), corners = h("tbody"), cropBox = h("div", {class: "wb-row"});
  const cornerTable = h("details", {class: "wb-frame-corners"}, h("summary", {}, "Corners of the selected mask as numbers"),
    h("table", {}, h("thead", {}, h("tr", {}, ["Corner", "x (px)", "y (px)", ""].map((w) => h("th", {scope: "col"}, w)))), corners));
  const cropTable = h("details", {}, h("summary", {}, "Crop as numbers"), cropBox);
  const WHOLE = [[0, 0], [1, 1]], nodes = [masks, cornerTable, cropTable];
  let size = [1, 1], drawn = "", newest = null;
  // Words and numbers that are being typed are not drawn over; what was held back is drawn when the field is left.
  function typedIn(el) {
    el.dataset.was = el.value;
    el.addEventListener("blur", () => setTimeout(() => ui.redraw()));  // when the focus is where it goes
    return el;
  }
  const isTyping = (el) => nodes.some((one) => one.contains(el)) && el.dataset.was !== undefined && el.value !== el.dataset.was;
  const number = (words, value, most, commit) => {
    const el = typedIn(h("input", {type: "number", min: 0, max: most, step: "any", value, "aria-label": words}));
    el.addEventListener("change", () => {
      ui.clear();
      if (el.value === "") { el.value = el.dataset.was; ui.fail({what: `${words}: that is no number.`, advice: `It stays ${el.value}.`}); return; }
      const given = Math.min(most, Math.max(0, Number(el.value)));
      el.value = el.dataset.was = given;
      // When the focus is where it goes; what was refused is no number of the table.
      setTimeout(() => commit(given / most).then(() => { drawn = ""; ui.redraw(); }));
    });
    return el;
  };
  const px = (v, n) => +(v * size[n]).toFixed(2);
  const button = (words, work, more) => h("button", {type: "button", onclick: work, ...more}, words);

  function settings(mask, n) {
    const style = h("select", {"aria-label": `Style of mask ${n + 1}`},
      [["fill", "fill: cannot be undone"], ["pixelate", "pixelate: may be recoverable"], ["blur", "blur: may be recoverable"]]
      .map(([v, words]) => h("option", {value: v, selected: v === mask.style}, words)));
    const inverted = h("input", {type: "checkbox", checked: mask.inverted, id: wb.unique("inv"), "data-key": `${n}.inverted`}), reason = h("input", {type: "text", value: mask.reason, size: 22, maxLength: 2000});
    reason.dataset.was = mask.reason; reason.dataset.key = `${n}.reason`; reason.addEventListener("change", () => { reason.dataset.was = reason.value; });
    const send = () => on.style(n, style.value, inverted.checked, reason.value);
    for (const el of [style, inverted, reason]) el.addEventListener("change", send);
    // Only the border that was typed anew is sent.
    const border = (name) => {
      const el = typedIn(h("input", {type: "text", size: 28, value: on.typed(mask[name]), autocomplete: "off", spellcheck: false, "data-key": `${n}.${name}`}));
      el.addEventListener("change", () => { el.dataset.was = el.value; on.time(n, {[name]: el.value}); });
      return el;
    };
    const from = border("begin"), to = border("end");
    const keys = mask.keys.map((key, k) => h("li", {}, `${k + 1}. `, button(on.words(key.at), () => on.seek(key.at), {"aria-label": `Go to key ${k + 1} of mask ${n + 1}`}), h("span", {}, key.pts === null ? " PTS not known " : ` PTS ${key.pts} `), button("Delete key", () => on.removeKey(n, k), {"aria-label": `Delete key ${k + 1} of mask ${n + 1}`})));
    return h("div", {class: "wb-frame-settings"},
      h("div", {class: "wb-row"}, wb.field("Covers by", style, "style"), h("span", {}, inverted, h("label", {htmlFor: inverted.id}, " everything outside instead")), wb.field("Reason", reason, "reason")),
      h("div", {class: "wb-row"}, wb.field("From (empty: all)", from, "masks.begin"), wb.field("Until (empty: all)", to, "masks.end"),
        button("As the range", () => on.asRange(n), {"aria-label": `Mask ${n + 1} covers the chosen range`})),
      h("div", {class: "wb-row"}, button("Add key here", () => on.key(n), {"aria-label": `Add a key of mask ${n + 1} at the shown frame`}),
        mask.keys.length ? h("span", {}, `moves: ${mask.keys.length} key${mask.keys.length === 1 ? "" : "s"}, straight between them (local engine only; look at the frames between)`) : h("span", {}, "at rest: see from in to out that it covers all")),
      keys.length ? h("ul", {class: "wb-frame-keys"}, keys) : "");
  }
  function show(next, shape) {
    if (ui.held()) return;
    size = shape; newest = next;
    const now = JSON.stringify([next.masks, next.selected, next.crop, size]);
    if (now === drawn || isTyping(document.activeElement)) return;
    drawn = now;
    wb.steady(ui.root, () => draw(next), on.lost());
  }
  // On what holds when it is put, which may be newer than what was drawn before one typed.
  function putCorner(mask, count, v, axis, value) {
    const now = newest.masks[mask];
    if (!now || now.points.length !== count) { ui.fail({what: "The corners of the mask changed meanwhile.", advice: "Type the number again."}); return Promise.resolve(); }
    return on.points(mask, now.points.map((p, n) => (n !== v ? p : axis ? [p[0], value] : [value, p[1]])));
  }
  function draw(next) {
    masks.replaceChildren(...next.masks.map((mask, n) => h("div", {class: "wb-frame-row", role: "group", "aria-label": `Mask ${n + 1}`},
      h("div", {class: "wb-row"},
        button(`Mask ${n + 1}`, () => on.select(n === next.selected ? -1 : n), {"aria-pressed": String(n === next.selected), "data-key": `mask ${n}`}),
        h("span", {}, `${mask.points.length} corners`, wbShapes.selfCrossing(mask.points) ? h("strong", {class: "wb-frame-warn"}, " crosses itself: all it encloses is covered") : ""),
        button("Duplicate", () => on.duplicate(n), {"aria-label": `Duplicate mask ${n + 1}`}), button("Delete", () => on.deleteMask(n), {"aria-label": `Delete mask ${n + 1}`})),
      n === next.selected ? settings(mask, n) : "")));
    const chosen = next.masks[next.selected];
    cornerTable.hidden = !chosen;
    corners.replaceChildren(...(chosen ? chosen.points.map((p, v) => h("tr", {}, h("th", {scope: "row"}, String(v + 1)),
      [0, 1].map((axis) => h("td", {}, number(`Corner ${v + 1}, ${"xy"[axis]} in pixels`, px(p[axis], axis), size[axis], (value) => putCorner(next.selected, chosen.points.length, v, axis, value)))),
      h("td", {}, button("Insert after", () => on.insert(next.selected, v, null), {"aria-label": `Insert a corner after corner ${v + 1}`}),
        button("Delete", () => on.removeCorner(next.selected, v), {"aria-label": `Delete corner ${v + 1}`, disabled: chosen.points.length < 4})))) : []));
    const crop = next.crop || WHOLE;
    cropBox.replaceChildren(...["left", "top", "right", "bottom"].map((word, n) => wb.field(`${word} (px)`, number(`Crop ${word} in pixels`, px(crop[n >> 1][n & 1], n & 1), size[n & 1], (value) => {
      const area = (newest.crop || WHOLE).map((p) => p.slice()); area[n >> 1][n & 1] = value; return on.crop(area);
    }), "crop")), button("No crop", () => on.crop(null), {disabled: !next.crop}));
  }
  return {nodes, show};
}
