// Words that are being written: given to the kernel with each key, and shown as not saved until it has them.
function wbDrafts(ui) {
  const latest = new Map(), giving = new Set();
  async function give(key) {
    if (giving.has(key)) return;  // what was typed since is given when this one has come
    giving.add(key);
    while (latest.has(key)) {
      const words = latest.get(key);
      try { await ui.ask("text", {name: key, words}, {quiet: true}); }
      catch { break; }
      if (latest.get(key) === words) { latest.delete(key); ui.unsaved(`text ${key}`, false); }
    }
    giving.delete(key);
  }
  const put = (key, words) => { latest.set(key, words); ui.unsaved(`text ${key}`, true); give(key); };
  const words = (key) => latest.get(key) ?? (ui.shown.texts || {})[key] ?? "";
  return {
    put, words,
    // `name` says under which word the field's text is kept now: a comment's draft belongs to what it is about.
    field(name, el) { el.addEventListener("input", () => put(name(), el.value)); return el; },
    // What is written of it elsewhere, as long as nobody wrote in this field.
    show(key, el) {
      const held = words(key);
      if (document.activeElement !== el && el.value === (el.dataset.drawn ?? "")) el.value = held;
      if (el.value === held) el.dataset.drawn = held;
    },
    // The draft of another thing in the same field.
    turn(el, key) { el.value = el.dataset.drawn = words(key); },
    // Words that stand in the log are no draft any more; what was written since they were sent is one.
    filed(key, sent, el) {
      if (sent && words(key) === sent) put(key, "");
      if (el && el.value === sent) el.value = "";
    },
  };
}
// Draw lists anew without taking the keyboard away from whoever is in them: the control of the same name has it again.
function wbSteady(root, work) {
  const at = root.contains(document.activeElement) ? document.activeElement : null;
  const name = at && at.getAttribute("aria-label"), typed = at && at.matches("input[type=text]") ? [at.value, at.selectionStart, at.selectionEnd] : null;
  work();
  if (!name || at.isConnected) return;
  const again = [...root.querySelectorAll("[aria-label]")].find((el) => el.getAttribute("aria-label") === name);
  if (!again) return;
  if (typed) { again.value = typed[0]; again.setSelectionRange(typed[1], typed[2]); }
  const beside = [again, again.nextElementSibling, again.previousElementSibling].find((el) => el && !el.disabled);
  if (beside) beside.focus();
}
