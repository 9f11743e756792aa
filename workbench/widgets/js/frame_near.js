// The frames beside the shown one, which the kernel sends before anybody asks: a step of one frame shows its picture at the
// key press. That is a guess until the kernel's cursor is there: what is shown before is `ahead` of it. Where the kernel
// answers otherwise, the guess is taken back. A step from a place that is not known yet is not guessed.
// `on` = {wide(what), lay(what, img), back()}: whether a picture is wide enough, show it, show the truth again.
function wbNear(ui, stage, on) {
  const MOST = 4, SETTLE = 250;
  let kept = [], camera = "", open = 0, reach = null, path = [], ahead = null;
  const drop = (one) => URL.revokeObjectURL(one.img.dataset.blob);
  const hold = (all) => { kept = all; stage.el.dataset.near = kept.map(({what}) => what.asked).join(" "); };
  function keep(all) {
    for (const one of kept) if (!all.includes(one)) drop(one);
    hold(all);
  }
  const same = (a, b) => ["source", "from", "by", "width"].every((name) => a[name] === b[name]);
  ui.on("near", (what, buffers) => {
    const img = wb.h("img", {alt: "", draggable: false, decoding: "sync"}), one = {what, img}, now = camera;
    wb.picture(img, buffers[0]).then(() => {
      if (now !== camera || what.source !== camera || !img.naturalWidth) { drop(one); return; }
      keep([...kept.filter((other) => !same(other.what, what)), one].slice(-MOST));
    });
  });
  function take(from, by) {
    const one = kept.findLast(({what}) => what.source === ui.shown.source && what.from === from && what.by === by && on.wide(what));
    if (one) hold(kept.filter((other) => other !== one));
    return one;
  }
  // Show where a step leads, if that is known; to be called with the kernel's answer (undefined: it failed).
  function step(by, unit, may) {
    const from = open || ahead ? reach : ui.shown.at, one = may && unit === "frame" && from !== null ? take(from, by) : null;
    open += 1; reach = one ? one.what.asked : null;
    if (one) {
      path = [...(ahead ? path : [from]), reach]; ahead = one.what;
      on.lay(one.what, one.img);
    }
    const guessed = reach;
    return (at) => {
      open -= 1;
      if (guessed !== null && at !== guessed) back();
      else if (!open && ahead) setTimeout(() => { if (!open) back(); }, SETTLE);  // its truth comes right before or after
    };
  }
  function forget() { ahead = null; path = []; }
  function back() { if (!ahead) return; forget(); reach = null; on.back(); }
  // After each change of the kernel's truth.
  function follow() {
    const {source, at} = ui.shown, moved = source !== camera;
    camera = source;
    if (moved) keep([]);
    if (!ahead) return;
    const n = path.indexOf(at);
    if (moved || n < 0) back();
    else if (at === ahead.asked) forget();
    else path = path.slice(n);
  }
  ui.cleanup(() => { camera = null; keep([]); });
  return {step, follow, forget, get ahead() { return ahead; }};
}
