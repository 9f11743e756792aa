// The twin of the stage in forms: each mask with its settings, each corner as numbers, the crop as numbers.
function wbTables(ui, on) {
  const {h} = wb;
  const masks = h("div", {class: "wb-frame-masks"}), corners = h("tbody"), cropBox = h("div", {class: "wb-row"});
  const cornerTable = h("details", {class: "wb-frame-corners"}, h("summary", {}, "Corners of the selected mask as numbers"),
    h("table", {}, h("thead", {}, h("tr", {}, ["Corner", "x (px)", "y (px)", ""].map((w) => h("th", {scope: "col"}, w)))), corners));
  const cropTable = h("details", {}, h("summary", {}, "Crop as numbers"), cropBox);
  let size = [1, 1], drawn = "";
  const number = (words, value, most, commit) => {
    const el = h("input", {type: "number", min: 0, max: most, step: "any", value, "aria-label": words});
    el.addEventListener("change", () => { const v = Number(el.value); if (Number.isFinite(v)) commit(Math.min(most, Math.max(0, v)) / most); });
    return el;
  };
  const px = (v, n) => +(v * size[n]).toFixed(2);
  const button = (words, work, more) => h("button", {type: "button", onclick: work, ...more}, words);

  function settings(mask, n) {
    const style = h("select", {"aria-label": `Style of mask ${n + 1}`},
      [["fill", "fill: cannot be undone"], ["pixelate", "pixelate: may be recoverable"], ["blur", "blur: may be recoverable"]]
      .map(([v, words]) => h("option", {value: v, selected: v === mask.style}, words)));
    const inverted = h("input", {type: "checkbox", checked: mask.inverted, id: wb.unique("inv")}), reason = h("input", {type: "text", value: mask.reason, size: 22, maxLength: 2000});
    reason.dataset.was = mask.reason; reason.dataset.key = `${n}.reason`; reason.addEventListener("change", () => { reason.dataset.was = reason.value; });
    const send = () => on.style(n, style.value, inverted.checked, reason.value);
    for (const el of [style, inverted, reason]) el.addEventListener("change", send);
    // Only the border that was typed anew is sent; words that are being typed are not drawn over.
    const border = (name) => {
      const el = h("input", {type: "text", size: 28, value: on.typed(mask[name]), autocomplete: "off", spellcheck: false});
      el.dataset.was = el.value; el.dataset.key = `${n}.${name}`;
      el.addEventListener("change", () => { el.dataset.was = el.value; on.time(n, {[name]: el.value}); });
      el.addEventListener("blur", () => setTimeout(() => ui.redraw()));  // when the focus is where it goes
      return el;
    };
    const from = border("begin"), to = border("end");
    const keys = mask.keys.map((key, k) => h("li", {}, `${k + 1}. `, button(on.words(key.at), () => on.seek(key.at), {"aria-label": `Go to key ${k + 1} of mask ${n + 1}`}), h("span", {}, key.pts === null ? " PTS not known " : ` PTS ${key.pts} `), button("Delete key", () => on.removeKey(n, k), {"aria-label": `Delete key ${k + 1} of mask ${n + 1}`})));
    return h("div", {class: "wb-frame-settings"},
      h("div", {class: "wb-row"}, wb.field("Covers by", style, "style"), h("span", {}, inverted, h("label", {htmlFor: inverted.id}, " everything outside instead")), wb.field("Reason", reason, "reason")),
      h("div", {class: "wb-row"}, wb.field("From (empty: all)", from, "masks.begin"), wb.field("Until (empty: all)", to, "masks.end"),
        button("As the range", () => on.asRange(n), {"aria-label": `Mask ${n + 1} covers the chosen range`})),
      h("div", {class: "wb-row"}, button("Add key here", () => on.key(n), {"aria-label": `Add a key of mask ${n + 1} at the shown frame`}),
        mask.keys.length ? h("span", {}, `moves: ${mask.keys.length} key${mask.keys.length === 1 ? "" : "s"}, straight between them (local engine only; look at the frames between)`) : h("span", {}, "at rest")),
      keys.length ? h("ul", {class: "wb-frame-keys"}, keys) : "");
  }
  function show(next, shape) {
    if (ui.held()) return;
    size = shape;
    const now = JSON.stringify([next.masks, next.selected, next.crop, size]), typing = document.activeElement;
    if (now === drawn || (masks.contains(typing) && typing.dataset.was !== undefined && typing.value !== typing.dataset.was)) return;
    drawn = now;
    const keyOf = (el) => el.dataset.key || el.getAttribute("aria-label");
    const focus = typing && ui.root.contains(typing) ? keyOf(typing) : null;
    masks.replaceChildren(...next.masks.map((mask, n) => h("div", {class: "wb-frame-row", role: "group", "aria-label": `Mask ${n + 1}`},
      h("div", {class: "wb-row"},
        button(`Mask ${n + 1}`, () => on.select(n === next.selected ? -1 : n), {"aria-pressed": String(n === next.selected)}),
        h("span", {}, `${mask.points.length} corners`, wbShapes.selfCrossing(mask.points) ? h("strong", {class: "wb-frame-warn"}, " crosses itself: all it encloses is covered") : ""),
        button("Duplicate", () => on.duplicate(n), {"aria-label": `Duplicate mask ${n + 1}`}), button("Delete", () => on.deleteMask(n), {"aria-label": `Delete mask ${n + 1}`})),
      n === next.selected ? settings(mask, n) : "")));
    const chosen = next.masks[next.selected];
    cornerTable.hidden = !chosen;
    corners.replaceChildren(...(chosen ? chosen.points.map((p, v) => h("tr", {}, h("th", {scope: "row"}, String(v + 1)),
      [0, 1].map((axis) => h("td", {}, number(`Corner ${v + 1}, ${"xy"[axis]} in pixels`, px(p[axis], axis), size[axis], (value) =>
        on.points(next.selected, chosen.points.map((q, n) => (n === v ? (axis ? [q[0], value] : [value, q[1]]) : q)))))),
      h("td", {}, button("Insert after", () => on.insert(next.selected, v, null), {"aria-label": `Insert a corner after corner ${v + 1}`}),
        button("Delete", () => on.removeCorner(next.selected, v), {"aria-label": `Delete corner ${v + 1}`, disabled: chosen.points.length < 4})))) : []));
    const crop = next.crop || [[0, 0], [1, 1]];
    cropBox.replaceChildren(...["left", "top", "right", "bottom"].map((word, n) => wb.field(`${word} (px)`, number(`Crop ${word} in pixels`, px(crop[n >> 1][n & 1], n & 1), size[n & 1], (value) => {
      const area = [crop[0].slice(), crop[1].slice()]; area[n >> 1][n & 1] = value; on.crop(area);
    }), "crop")), button("No crop", () => on.crop(null), {disabled: !next.crop}));
    if (focus) { const again = [...ui.root.querySelectorAll("[aria-label], [data-key]")].find((el) => keyOf(el) === focus); if (again && document.activeElement !== again) again.focus({preventScroll: true}); }
  }
  return {nodes: [masks, cornerTable, cropTable], show};
}
