// What the timeline asks the kernel for, and in which order.

// Questions of which only the newest matters: one of each kind is under way, and the newest that waits follows it.
function wbNewest(ui) {
  const under = new Map(), wrong = new Map();
  let closed = false;
  ui.cleanup(() => { closed = true; });
  function ask(verb, args, then = () => undefined) {
    const held = under.get(verb);
    if (held) { held.next = [args, then]; return; }
    const one = {next: null};
    under.set(verb, one);
    // Another place where the same view is shown asked meanwhile, and was answered instead: once more, a little later.
    const again = () => setTimeout(() => { if (!closed && !under.has(verb)) ask(verb, args, then); }, 200 + 400 * Math.random());
    ui.ask(verb, args, {quiet: true})
      .then((value) => { wrong.delete(verb); if (value !== undefined) then(value); else if (!one.next) again(); },
        (error) => { wrong.set(verb, error); ui.redraw(); })
      .finally(() => { under.delete(verb); if (one.next) ask(verb, ...one.next); });
  }
  // What went wrong last in each kind, in words.
  ask.wrong = () => [...wrong.values()].map((error) => [error.what, error.advice].filter(Boolean).join(" "));
  return ask;
}

// Moves of the cursor and of the in and out points, each after the one before. While one is under way, further steps of
// its kind add up and a newer place replaces an older one, so that a held key never runs on after it was let go.
function wbMoves(ui) {
  const waiting = [];
  let busy = null;
  const same = (a, b) => a.unit === b.unit && a.point === b.point && Math.sign(a.by) === Math.sign(b.by);
  const joined = {step: (a, b) => (same(a, b) ? {...a, by: a.by + b.by} : null), nudge: (a, b) => (same(a, b) ? {...a, by: a.by + b.by} : null),
    seek: (a, b) => b};
  function next() {
    if (busy || !waiting.length) return;
    busy = waiting.shift();
    ui.ask(busy.verb, busy.args).then(busy.good, busy.bad).finally(() => { busy = null; next(); });
  }
  return function move(verb, args = {}) {
    const last = waiting[waiting.length - 1], sum = last && last.verb === verb && joined[verb] ? joined[verb](last.args, args) : null;
    if (sum) { last.args = sum; return last.promise; }
    const one = {verb, args};
    one.promise = new Promise((good, bad) => Object.assign(one, {good, bad}));
    waiting.push(one);
    next();
    return one.promise;
  };
}
