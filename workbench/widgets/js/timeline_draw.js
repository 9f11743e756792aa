// Drawing the timeline on its canvas: ruler, thumbnails, lanes. No state of its own, no messages.
const wbTimeline = (() => {
  const RULER = 22, STRIP = 58, LANE = 24, GAP = 4;
  const STEPS = [1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1.5e7, 3e7, 6e7, 1.2e8, 3e8, 6e8, 9e8, 1.8e9,
    3.6e9, 7.2e9, 1.08e10, 2.16e10, 4.32e10, 8.64e10, 1.728e11, 6.048e11, 2.592e12, 7.776e12, 3.1536e13];
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
  // Offset of a zone from UTC at an instant, in µs, so that midnights fall on the ruler's ticks.
  function offset(us, zone) {
    const p = wb.parts(us, zone), [y, m, d] = p.date.split("-").map(Number), [hh, mm, ss] = p.clock.split(":").map(Number);
    return Date.UTC(y, m - 1, d, hh, mm, ss) * 1000 - Math.floor(us / 1e6) * 1e6;
  }
  function label(us, step, dated, zone) {
    if (!dated) return wb.time(us, {dated: false, digits: step < 1e6 ? 3 : 0});
    const p = wb.parts(us, zone);
    if (step >= 8.64e10) return p.date;
    if (p.clock === "00:00:00" && step >= 1e6) return p.date;
    if (step >= 6e7) return p.clock.slice(0, 5);
    return step >= 1e6 ? p.clock : `${p.clock}.${p.micro.slice(0, 3)}`;
  }
  // what: {width, view: [a, b], shown, data, thumbs, ticks, ratio, root}
  function draw(canvas, what) {
    const {width, view, shown, data, thumbs, ticks, root} = what;
    const ratio = window.devicePixelRatio || 1, high = height(shown.lanes.length);
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(high * ratio)) canvas.height = Math.round(high * ratio);
    const g = canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    const ink = {text: wb.color(root, "--wb-text") || "#000", faint: wb.color(root, "--wb-line"), ground: wb.color(root, "--wb-ground"),
      raised: wb.color(root, "--wb-raised"), recorded: wb.color(root, "--wb-recorded"), chosen: wb.color(root, "--wb-chosen"),
      copied: wb.color(root, "--wb-copied"), coded: wb.color(root, "--wb-coded")};
    const x = (us) => (us - view[0]) / (view[1] - view[0]) * width;
    const lane = shown.lanes.find((one) => one.id === shown.source) || shown.lanes[0];
    const zone = lane ? lane.zone : "UTC";
    g.clearRect(0, 0, width, high);
    ruler(g, {width, view, x, ink, dated: shown.dated, zone});
    strip(g, {width, x, ink, thumbs});
    shown.lanes.forEach((one, n) => bars(g, {width, view, x, ink, one, top: laneTop(n), data, shown}));
    range(g, {x, ink, shown, high, width});
    if (ticks && lane && ticks.source === lane.id) frames(g, {x, ink, ticks, width, top: laneTop(shown.lanes.indexOf(lane))});
    if (shown.at !== null && shown.at !== undefined) {
      g.fillStyle = ink.text; g.fillRect(Math.round(x(shown.at)), 0, 2, high);
    }
  }
  function ruler(g, {width, view, x, ink, dated, zone}) {
    const want = (view[1] - view[0]) / Math.max(1, width / 110);
    const step = STEPS.find((one) => one >= want) || STEPS[STEPS.length - 1];
    const shift = dated ? offset(view[0], zone) : 0;
    g.font = "11px system-ui, sans-serif"; g.textBaseline = "top";
    for (let at = Math.ceil((view[0] + shift) / step) * step - shift; at < view[1]; at += step) {
      g.fillStyle = ink.faint; g.fillRect(Math.round(x(at)), 0, 1, RULER);
      g.fillStyle = ink.text; g.fillText(label(at, step, dated, zone), x(at) + 3, 5);
    }
  }
  function strip(g, {width, x, ink, thumbs}) {
    g.fillStyle = ink.raised; g.fillRect(0, RULER, width, STRIP - 4);
    let reached = -1;
    for (const one of thumbs) {
      const w = one.image.width * (STRIP - 4) / one.image.height, left = x(one.at);
      if (left > width || left + w < 0 || left < reached) continue;
      g.drawImage(one.image, left, RULER, w, STRIP - 4);
      reached = left + w;
    }
  }
  function bars(g, {width, view, x, ink, one, top, data, shown}) {
    g.fillStyle = ink.raised; g.fillRect(0, top, width, LANE);
    const held = data && data.lanes[one.id];
    if (held) {
      const merged = hatch(g, ink.ground);
      for (const [begin, end, gaps] of held.stretches) {
        if (end < view[0] || begin > view[1]) continue;
        const left = Math.max(-2, x(begin)), w = Math.max(1, Math.min(width + 2, x(end)) - left);
        g.fillStyle = ink.recorded; g.fillRect(left, top + 4, w, LANE - 8);
        if (held.checked === false) { g.fillStyle = ink.ground; g.fillRect(left, top + LANE / 2 - 1, w, 2); }
        if (gaps) { g.fillStyle = merged; g.fillRect(left, top + 4, w, LANE - 8); }
      }
    }
    const unknown = hatch(g, ink.faint);  // nobody has looked there yet: neither recorded nor missing
    g.fillStyle = unknown;
    if (!held) g.fillRect(0, top, width, LANE);
    else {
      if (x(data.begin) > 0) g.fillRect(0, top, Math.min(width, x(data.begin)), LANE);
      if (x(data.end) < width) g.fillRect(Math.max(0, x(data.end)), top, width, LANE);
    }
    for (const part of shown.plan || []) {
      if (part.source !== one.id) continue;
      g.fillStyle = part.mode === "copy" ? ink.copied : ink.coded;
      const left = x(part.begin), w = Math.max(2, x(part.end) - left);
      g.fillRect(left, top + LANE - 7, w, 6);
      if (part.mode !== "copy") { g.fillStyle = hatch(g, ink.text); g.fillRect(left, top + LANE - 7, w, 6); }
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
  return {draw, height, laneTop, RULER, STRIP, LANE};
})();
