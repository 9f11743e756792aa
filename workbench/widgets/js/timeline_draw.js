// Drawing the timeline on its canvas: ruler, thumbnails, lanes. No state of its own, no messages.
const wbTimeline = (() => {
  const RULER = 22, STRIP = 58, LANE = 24, GAP = 4;
  const height = (lanes) => RULER + STRIP + Math.max(1, lanes) * (LANE + GAP) + 4;
  const laneTop = (n) => RULER + STRIP + n * (LANE + GAP);

  function hatch(g, ink) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const t = tile.getContext("2d");
    t.strokeStyle = ink; t.lineWidth = 1.2; t.beginPath();
    t.moveTo(0, 6); t.lineTo(6, 0); t.moveTo(-1, 1); t.lineTo(1, -1); t.moveTo(5, 7); t.lineTo(7, 5); t.stroke();
    return g.createPattern(tile, "repeat");
  }
  // Colours and hatches of the theme; made anew when it may have changed, not for each frame.
  function inks(canvas, root) {
    const g = canvas.getContext("2d"), of = (name) => wb.color(root, `--wb-${name}`);
    const ink = {text: of("text") || "#000", faint: of("line"), ground: of("ground"), raised: of("raised"), recorded: of("recorded"),
      chosen: of("chosen"), copied: of("copied"), coded: of("coded")};
    return {...ink, merged: hatch(g, ink.ground), unknown: hatch(g, ink.faint), coding: hatch(g, ink.text)};
  }
  // what: {width, view: [a, b], shown, data, thumbs, ticks, ink}
  function draw(canvas, what) {
    const {width, view, shown, data, thumbs, ticks, ink} = what;
    const ratio = window.devicePixelRatio || 1, high = height(shown.lanes.length);
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(high * ratio)) canvas.height = Math.round(high * ratio);
    const g = canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    const x = (us) => (us - view[0]) / (view[1] - view[0]) * width;
    const lane = shown.lanes.find((one) => one.id === shown.source) || shown.lanes[0];
    g.clearRect(0, 0, width, high);
    g.font = "11px system-ui, sans-serif"; g.textBaseline = "top";
    ruler(g, {x, ink, ticks: wbRuler.ticks(view, width, shown.dated, lane ? lane.zone : "UTC")});
    strip(g, {width, x, ink, thumbs});
    shown.lanes.forEach((one, n) => bars(g, {width, view, x, ink, one, top: laneTop(n), data, shown}));
    range(g, {x, ink, shown, high, width});
    if (ticks && lane && ticks.source === lane.id) frames(g, {x, ink, ticks, width, top: laneTop(shown.lanes.indexOf(lane))});
    if (shown.at !== null && shown.at !== undefined) { g.fillStyle = ink.text; g.fillRect(Math.round(x(shown.at)), 0, 2, high); }
  }
  function ruler(g, {x, ink, ticks}) {
    for (const one of ticks) {
      g.fillStyle = ink.faint; g.fillRect(Math.round(x(one.at)), 0, 1, RULER);
      g.fillStyle = ink.text; g.fillText(one.label, x(one.at) + 3, 5);
    }
  }
  function strip(g, {width, x, ink, thumbs}) {
    g.fillStyle = ink.raised; g.fillRect(0, RULER, width, STRIP - 4);
    let reached = -Infinity;
    for (const one of thumbs) {
      const w = one.image.width * (STRIP - 4) / one.image.height, left = x(one.at);
      if (left > width || left + w < 0 || left < reached) continue;
      g.drawImage(one.image, left, RULER, w, STRIP - 4);
      reached = left + w;
    }
  }
  // Recorded solid; small gaps that were drawn over, and what nobody knows, each hatched in its own way; missing empty.
  function bars(g, {width, view, x, ink, one, top, data, shown}) {
    g.fillStyle = ink.raised; g.fillRect(0, top, width, LANE);
    const held = data && data.lanes[one.id];
    if (!one.here || !held || !held.known) {
      g.fillStyle = ink.unknown; g.fillRect(0, top, width, LANE);
      if (!one.here || held) words(g, ink, one.here ? held.notes[0] || "not known" : `${one.dated ? "dated" : "undated"}: not on this axis`, top, width);
      return;
    }
    const there = held.stretches.filter(([begin, end]) => end >= view[0] && begin <= view[1]).map(([begin, end, gaps]) => {
      const left = Math.max(-2, x(begin));
      return [left, Math.max(1, Math.min(width + 2, x(end)) - left), gaps];
    });
    g.fillStyle = ink.recorded;
    for (const [left, w] of there) g.fillRect(left, top + 4, w, LANE - 8);
    g.fillStyle = ink.ground;
    if (!held.checked) for (const [left, w] of there) g.fillRect(left, top + LANE / 2 - 1, w, 2);
    g.fillStyle = ink.merged;
    for (const [left, w, gaps] of there) if (gaps) g.fillRect(left, top + 4, w, LANE - 8);
    g.fillStyle = ink.unknown;
    if (x(data.begin) > 0) g.fillRect(0, top, Math.min(width, x(data.begin)), LANE);
    if (x(data.end) < width) g.fillRect(Math.max(0, x(data.end)), top, width, LANE);
    plan(g, {x, ink, one, top, shown});
  }
  function words(g, ink, text, top, width) {
    const w = g.measureText(text).width;
    g.fillStyle = ink.ground; g.fillRect(6, top + 5, Math.min(width - 12, w + 8), 15);
    g.fillStyle = ink.text; g.fillText(text, 10, top + 7, Math.max(10, width - 20));
  }
  function plan(g, {x, ink, one, top, shown}) {
    for (const part of shown.plan || []) {
      if (part.source !== one.id) continue;
      const left = x(part.begin), w = Math.max(2, x(part.end) - left);
      g.fillStyle = part.mode === "copy" ? ink.copied : part.mode === "vms" ? ink.recorded : ink.coded; g.fillRect(left, top + LANE - 7, w, 6);
      if (part.mode !== "copy") { g.fillStyle = ink.coding; g.fillRect(left, top + LANE - 7, w, 6); }
    }
  }
  function range(g, {x, ink, shown, high, width}) {
    if (shown.begin === null && shown.end === null) return;
    const left = shown.begin === null ? x(shown.end) : x(shown.begin), right = shown.end === null ? left : x(shown.end);
    g.save(); g.globalAlpha = 0.22; g.fillStyle = ink.chosen; g.fillRect(left, RULER, right - left, high - RULER); g.restore();
    g.fillStyle = ink.chosen;
    if (shown.begin !== null && left <= width) g.fillRect(left - 1, RULER, 3, high - RULER);
    if (shown.end !== null && right >= 0) g.fillRect(right - 1, RULER, 3, high - RULER);
  }
  function frames(g, {x, ink, ticks, width, top}) {
    g.fillStyle = ink.text;
    const n = ticks.times.length;
    if (n > 1 && (x(ticks.times[n - 1]) - x(ticks.times[0])) / n < 4) return;
    for (const at of ticks.times) { const left = x(at); if (left >= 0 && left <= width) g.fillRect(Math.round(left), top, 1, 4); }
  }
  return {draw, inks, height, laneTop, RULER};
})();
